"""LianLian's accounts (账户+) on loopback, as its documents describe them, with the bank behind it.

Real HTTP, real RSA signatures over MD5, passwords that it alone can open. It keeps holders, cards, orders, money in trust and the
line of every movement; the codes that the bank would send to telephones stand in `codes`. It can be told to misbehave.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from anju.partners.paying import CHINA, fen, yuan
from tests.peers.institution import Faults

PARTNER = "2020042200284052"
MERCHANT, TRUST = "MCHOWN", "MCHASSURE"
Facts = dict[str, Any]  # Any: JSON


class Declined(Exception):
    """The institution says no, with its own code."""


@dataclass
class BankCard:
    """A card as its bank knows it. balance: fen."""

    number: str
    name: str
    id_number: str
    phone: str
    bank: str = "03080000"
    balance: int = 10_000_00


@dataclass
class Holder:
    user: str
    name: str = ""
    id_number: str = ""
    phone: str = ""
    password: str = ""
    open: bool = False
    cards: dict[str, BankCard] = field(default_factory=dict)


@dataclass
class Order:
    """kind: as the institution names it. payee: who gets it. left: of what lies in trust, what nobody has got yet."""

    number: str
    kind: str
    user: str
    amount: int
    payee: str = PARTNER
    notify: str = ""
    state: str = "TRADE_WAIT_PAY"
    method: str = "BALANCE"
    agreement: str = ""
    theirs: str = field(default_factory=lambda: f"2026{secrets.randbelow(10**12):012}")
    finished: datetime | None = None
    left: int = 0
    back: dict[str, int] = field(default_factory=dict)


@dataclass
class Line:
    number: str
    amount: int
    at: datetime


class LianLian:
    """One that runs. environment: what an installation needs to know of it. codes: what the bank has sent, by token."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, ""
        self.own, self.merchant = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.stranger = rsa.generate_private_key(65537, 2048)
        self.lock = threading.RLock()
        self.environment: dict[str, str] = {}
        self.clear()

    def clear(self) -> None:
        self.bank: dict[str, BankCard] = {}
        self.holders: dict[str, Holder] = {}
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, tuple[str, int, datetime]] = {}
        self.pending: dict[str, Callable[[Facts], None]] = {}
        self.codes: dict[str, str] = {}
        self.lines: dict[str, list[Line]] = {}
        self.faults = Faults()
        self.unreadable: list[str] = []
        self.asked: list[tuple[str, Facts]] = []
        self.free_of_codes = 100_00
        """Fen up to which the bank asks for no code."""

    def set_up(self, url: str) -> None:
        self.url = url
        self.folder.mkdir(parents=True, exist_ok=True)
        own, theirs = self.folder / "lianlian-merchant.pem", self.folder / "lianlian.pem"
        own.write_bytes(self.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        theirs.write_bytes(self.own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.environment = {
            "ANJU_LIANLIAN_URL": url, "ANJU_LIANLIAN_PARTNER": PARTNER, "ANJU_LIANLIAN_KEY": str(own),
            "ANJU_LIANLIAN_PUBLIC_KEY": str(theirs),
        }  # fmt: skip

    # What the tests look at and do

    @property
    def code(self) -> str:
        """What the bank sent last."""
        return list(self.codes.values())[-1]

    def balance(self, account: str) -> int:
        return sum(one.amount for one in self.lines.get(account, []))

    def notification(self, number: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps(self._order(self.orders[number])).encode()
        return {"Content-Type": "application/json", "Signature-Data": self.sign(body), "Signature-Type": "RSA"}, body

    def sign(self, text: bytes) -> str:
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest().encode()
        key = self.stranger if self.faults.wrong_key else self.own
        return base64.b64encode(key.sign(digest, padding.PKCS1v15(), MD5())).decode()  # noqa: S303  theirs

    def verify(self, text: bytes, signature: str) -> None:
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest().encode()
        self.merchant.public_key().verify(base64.b64decode(signature), digest, padding.PKCS1v15(), MD5())  # noqa: S303  as above

    # Money

    def _book(self, number: str, out: str, into: str, amount: int) -> None:
        at = datetime.now(CHINA)
        if out and out not in (MERCHANT, TRUST) and self.balance(out) < amount:
            raise Declined("3007")
        for account, signed in ((out, -amount), (into, amount)):
            if account:
                self.lines.setdefault(account, []).append(Line(number, signed, at))

    def _send_code(self, then: Callable[[Facts], None]) -> str:
        token = secrets.token_hex(16)
        self.codes[token] = f"{secrets.randbelow(10**6):06}"
        self.pending[token] = then
        return token

    def _take_code(self, facts: Facts) -> None:
        token = facts["token"]
        if facts["verify_code"] != self.codes.get(token) or token not in self.pending:
            raise Declined("1004")
        self.pending.pop(token)(facts)

    def _holder(self, user: str, secret: str | None = None) -> Holder:
        found = self.holders.get(user)
        if found is None or not found.open:
            raise Declined("2001")
        if secret is not None and self._opened(secret) != found.password:
            raise Declined("3004")
        return found

    def _opened(self, secret: str) -> str:
        return self.own.decrypt(base64.b64decode(secret), padding.PKCS1v15()).decode()

    def _card(self, number: str, name: str, id_number: str, phone: str) -> BankCard:
        card = self.bank.get(number)
        if card is None or (card.name, card.id_number, card.phone) != (name, id_number, phone):
            raise Declined("5001")
        return card

    # Requests

    def answer(self, path: str, facts: Facts) -> Facts:
        if facts["oid_partner"] != PARTNER:
            raise Declined("1002")
        if (
            abs(datetime.strptime(facts["timestamp"], "%Y%m%d%H%M%S").replace(tzinfo=CHINA).timestamp() - time.time())
            > 1800
        ):
            raise Declined("1003")
        name = path.removeprefix("/v1/").replace("/", "_").replace("-", "_")
        do: Callable[[Facts], Facts | None] | None = getattr(self, f"do_{name}", None)
        if do is None:
            raise Declined("1001")
        return {"ret_code": "0000", "ret_msg": "交易成功", "oid_partner": PARTNER, **(do(facts) or {})}

    def do_acctmgr_openacct_apply_individual(self, facts: Facts) -> Facts:
        basic, linked = facts["basicInfo"], facts["linkedAcctInfo"]
        card = self._card(linked["linked_acctno"], basic["user_name"], basic["id_no"], linked["linked_phone"])
        if (known := self.holders.get(facts["user_id"])) and known.open:
            raise Declined("2002")
        holder = Holder(facts["user_id"], basic["user_name"], basic["id_no"], basic["reg_phone"])

        def opened(said: Facts) -> None:
            holder.password, holder.open = self._opened(said["password"]), True
            holder.cards[f"{secrets.randbelow(10**16):016}"] = card
            self.holders[holder.user] = holder

        return {"token": self._send_code(opened), "user_id": holder.user, "txn_seqno": facts["txn_seqno"]}

    def do_acctmgr_openacct_verify_individual(self, facts: Facts) -> None:
        self._take_code(facts)

    def do_acctmgr_individual_bindcard_apply(self, facts: Facts) -> Facts:
        holder = self._holder(facts["user_id"], facts["password"])
        card = self._card(facts["linked_acctno"], holder.name, holder.id_number, facts["linked_phone"])

        def bound(_said: Facts) -> None:
            holder.cards[f"{secrets.randbelow(10**16):016}"] = card

        return {"token": self._send_code(bound), "user_id": holder.user}

    def do_acctmgr_individual_bindcard_verify(self, facts: Facts) -> None:
        self._take_code(facts)

    def do_acctmgr_query_linkedacct(self, facts: Facts) -> Facts:
        cards = self._holder(facts["user_id"]).cards
        return {
            "linked_acctlist": [
                {
                    "linked_agrtno": agreement,
                    "linked_acctno": one.number,
                    "linked_bankcode": one.bank,
                    "linked_phone": one.phone,
                }
                for agreement, one in cards.items()
            ]
        }

    def do_acctmgr_unlinkedacct_ind_apply(self, facts: Facts) -> None:
        cards = self._holder(facts["user_id"], facts["password"]).cards
        for agreement in [one for one, card in cards.items() if card.number == facts["linked_acctno"]]:
            del cards[agreement]

    def do_acctmgr_find_password_apply(self, facts: Facts) -> Facts:
        holder = self._holder(facts["user_id"])

        def found(said: Facts) -> None:
            holder.password = self._opened(said["password"])

        return {"token": self._send_code(found), "user_id": holder.user}

    def do_acctmgr_find_password_verify(self, facts: Facts) -> None:
        self._take_code(facts)

    def do_acctmgr_query_acctinfo(self, facts: Facts) -> Facts:
        user = self._holder(facts["user_id"]).user
        amount = float(yuan(self.balance(user)))
        return {
            "acctinfo_list": [
                {"acct_type": "USEROWN_AVAILABLE", "acct_state": "NORMAL", "amt_balcur": amount, "amt_balaval": amount}
            ]
        }

    def do_acctmgr_cancel_apply(self, facts: Facts) -> None:
        holder = self._holder(facts["user_id"], facts["password"])
        if (holder.name, holder.id_number) != (facts["user_name"], facts["id_no"]) or self.balance(holder.user):
            raise Declined("2005")
        del self.holders[holder.user]

    def do_acctmgr_query_acctserial(self, facts: Facts) -> Facts:
        own = facts["user_type"] == "INNERMERCHANT"
        whose = facts["acct_type"] if own else facts["user_id"]
        begin, end = (
            datetime.strptime(facts[one], "%Y%m%d%H%M%S").replace(tzinfo=CHINA) for one in ("date_start", "date_end")
        )
        found = [one for one in self.lines.get(whose, []) if begin <= one.at.replace(microsecond=0) <= end]
        if not found:
            raise Declined("8901")
        size, page = int(facts["page_size"]), int(facts["page_no"])
        return {
            "page_no": str(page), "total_num": str(len(found)), "total_page": str(-(-len(found) // size)),
            "acctbal_list": [
                {"jno_cli": one.number, "accp_txnno": self._theirs(one.number), "amt": yuan(abs(one.amount)),
                 "txn_type": self._kind(one.number), "flag_dc": "CREDIT" if one.amount > 0 else "DEBIT", "txn_time": f"{one.at:%Y%m%d%H%M%S}"}
                for one in found[(page - 1) * size : page * size]
            ],
        }  # fmt: skip

    def _kind(self, number: str) -> str:
        order = self.refunds[number][0] if number in self.refunds else number
        return self.orders[order].kind if order in self.orders else "CAPITAL_CANCEL"

    def _theirs(self, number: str) -> str:
        return self.orders[number].theirs if number in self.orders else f"R{number}"

    def do_txn_tradecreate(self, facts: Facts) -> Facts:
        self._holder(facts["user_id"])
        info = facts["orderInfo"]
        amount, number = fen(info["total_amount"]), info["txn_seqno"]
        if number in self.orders:
            raise Declined("8003")
        payee = PARTNER
        if facts["txn_type"] == "GENERAL_CONSUME":
            [to] = facts["payeeInfo"]
            if fen(to["payee_amount"]) != amount:
                raise Declined("1001")
            payee = to["payee_id"]
            if to["payee_type"] == "USER":
                self._holder(payee)
        self.orders[number] = Order(number, facts["txn_type"], facts["user_id"], amount, payee, facts["notify_url"])
        return {"user_id": facts["user_id"], "txn_seqno": number, "accp_txno": self.orders[number].theirs}

    def do_txn_payment_balance(self, facts: Facts) -> Facts:
        return self._pay(facts, "BALANCE", "")

    def do_txn_payment_bankcard(self, facts: Facts) -> Facts:
        return self._pay(facts, facts["payMethods"][0]["method"], facts["bankCardInfo"]["linked_agrtno"])

    def _pay(self, facts: Facts, method: str, agreement: str) -> Facts:
        order = self.orders.get(facts["txn_seqno"])
        if order is None:
            raise Declined("8901")
        holder = self._holder(order.user, facts["payerInfo"]["password"])
        if order.state != "TRADE_WAIT_PAY" or fen(facts["total_amount"]) != order.amount or not facts["risk_item"]:
            raise Declined("8002")
        if agreement and agreement not in holder.cards:
            raise Declined("5002")
        if not agreement and self.balance(order.user) < order.amount:
            raise Declined("3007")
        order.method, order.agreement = method, agreement
        return self._now_or_by_code(order, self._paid)

    def _now_or_by_code(self, order: Order, do: Callable[[Order], None]) -> Facts:
        facts = {"user_id": order.user, "txn_seqno": order.number, "accp_txno": order.theirs}
        if order.amount <= self.free_of_codes:
            do(order)
            return facts
        return {**facts, "ret_code": "8888", "token": self._send_code(lambda _said: do(order))}

    def do_txn_validation_sms(self, facts: Facts) -> None:
        order = self.orders[facts["txn_seqno"]]
        if order.state != "TRADE_WAIT_PAY" or fen(facts["total_amount"]) != order.amount:
            raise Declined("8002")
        self._take_code(facts)

    def _paid(self, order: Order) -> None:
        payer = order.user
        if order.agreement:
            card, payer = self.holders[order.user].cards[order.agreement], ""
            if card.balance < order.amount:
                raise Declined("3007")
            card.balance -= order.amount
        into = {"USER_TOPUP": order.user, "SECURED_CONSUME": TRUST}.get(order.kind, order.payee)
        self._book(order.number, payer, MERCHANT if into == PARTNER else into, order.amount)
        order.left = order.amount
        self._end(order, "TRADE_SUCCESS")

    def _end(self, order: Order, state: str) -> None:
        order.state, order.finished = state, datetime.now(CHINA)

    def do_txn_withdrawal(self, facts: Facts) -> Facts:
        info, payer = facts["orderInfo"], facts["payerInfo"]
        holder = self._holder(payer["payer_id"], payer["password"])
        amount = fen(info["total_amount"])
        if info["txn_seqno"] in self.orders:
            raise Declined("8003")
        if facts["linked_agrtno"] not in holder.cards:
            raise Declined("5002")
        if self.balance(holder.user) < amount:
            raise Declined("3007")
        order = Order(info["txn_seqno"], "ACCT_CASH_OUT", holder.user, amount, agreement=facts["linked_agrtno"])
        self.orders[order.number] = order
        return self._now_or_by_code(order, self._withdrawn)

    def _withdrawn(self, order: Order) -> None:
        self._book(order.number, order.user, "", order.amount)
        self.holders[order.user].cards[order.agreement].balance += order.amount
        self._end(order, "TRADE_SUCCESS")

    def do_txn_secured_confirm(self, facts: Facts) -> None:
        order = self.orders.get(facts["originalOrderInfo"]["txn_seqno"])
        confirm, [to] = facts["confirmOrderInfo"], facts["payeeInfo"]
        number, amount = confirm["confirm_seqno"], fen(confirm["confirm_amount"])
        if order is None or order.state != "TRADE_SUCCESS" or order.user != facts["user_id"]:
            raise Declined("8901")
        if number in self.orders:
            raise Declined("8003")
        if amount > order.left or fen(to["payee_amount"]) != amount:
            raise Declined("8002")
        self._holder(to["payee_id"])
        self._book(number, TRUST, to["payee_id"], amount)
        order.left -= amount
        made = self.orders[number] = Order(number, "SECURED_CONFIRM", order.user, amount, to["payee_id"])
        self._end(made, "TRADE_SUCCESS")

    def do_txn_close_payment(self, facts: Facts) -> None:
        order = self.orders.get(facts["txn_seqno"])
        if order is None:
            raise Declined("8901")
        if order.state == "TRADE_SUCCESS":
            raise Declined("8004")
        self._end(order, "TRADE_CLOSE")

    def do_txn_query_payment(self, facts: Facts) -> Facts:
        order = self.orders.get(facts["txn_seqno"])
        if order is None or order.kind == "ACCT_CASH_OUT":
            raise Declined("8901")
        return self._order(order)

    def do_txn_query_withdrawal(self, facts: Facts) -> Facts:
        order = self.orders.get(facts["txn_seqno"])
        if order is None or order.kind != "ACCT_CASH_OUT":
            raise Declined("8901")
        return self._order(order)

    def _order(self, order: Order) -> Facts:
        at = {"finish_time": f"{order.finished:%Y%m%d%H%M%S}"} if order.finished else {}
        return {
            "oid_partner": PARTNER, "txn_type": order.kind, "txn_status": order.state, "accp_txno": order.theirs, **at,
            "orderInfo": {"txn_seqno": order.number, "total_amount": float(yuan(order.amount))},
            "payerInfo": [{"payer_id": order.user, "method": order.method, "amount": float(yuan(order.amount))}],
        }  # fmt: skip

    def do_txn_more_payee_refund(self, facts: Facts) -> None:
        order = self.orders.get(facts["originalOrderInfo"]["txn_seqno"])
        info, [held] = facts["refundOrderInfo"], facts["pyeeRefundInfos"]
        number, amount = info["refund_seqno"], fen(info["refund_amount"])
        if order is None or order.state != "TRADE_SUCCESS":
            raise Declined("8901")
        if number in self.refunds:
            raise Declined("8003")
        if (
            fen(facts["originalOrderInfo"]["total_amount"]) != order.amount
            or facts["refundMethods"][0]["method"] != order.method
        ):
            raise Declined("1001")
        account = held["payee_accttype"]
        if account != (TRUST if order.kind == "SECURED_CONSUME" else MERCHANT) or amount > order.left:
            raise Declined("8005")
        if order.agreement:
            self._book(number, account, "", amount)
            card = next((one for one in self.bank.values() if one in self.holders[order.user].cards.values()), None)
            if card:
                card.balance += amount
        else:
            self._holder(order.user)
            self._book(number, account, order.user, amount)
        order.left -= amount
        self.refunds[number] = (order.number, amount, datetime.now(CHINA))

    def do_txn_query_refund(self, facts: Facts) -> Facts:
        if (found := self.refunds.get(facts["refund_seqno"])) is None:
            raise Declined("8901")
        _order, amount, at = found
        return {
            "txn_status": "TRADE_SUCCESS", "refund_amount": float(yuan(amount)), "accp_txno": f"R{facts['refund_seqno']}",
            "finish_time": f"{at:%Y%m%d%H%M%S}",
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    institution: LianLian

    def do_POST(self) -> None:
        its = self.institution
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if its.faults.out:
            return self._send(503, b"{}")
        time.sleep(its.faults.delay)
        with its.lock:
            try:
                its.verify(body, self.headers["Signature-Data"])
                facts = json.loads(body)
                its.asked.append((self.path, facts))
                said = its.answer(self.path, facts)
            except Declined as declined:
                said = {"ret_code": str(declined), "ret_msg": "交易失败", "oid_partner": PARTNER}
            except (InvalidSignature, KeyError, ValueError, TypeError) as error:
                its.unreadable.append(f"{self.path} {type(error).__name__} {error}")
                said = {"ret_code": "1001", "ret_msg": "参数错误"}
        if its.faults.spare > 0:
            its.faults.spare -= 1
        elif its.faults.lose > 0:
            its.faults.lose -= 1
            self.close_connection = True
            return None  # carried out, and nothing said
        return self._send(200, json.dumps(said, ensure_ascii=False).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Signature-Data", self.institution.sign(content))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # Any: the base class's own
        """Nothing."""


def tell(its: LianLian, number: str) -> int:
    """The institution notifies the platform. Returns the status it gets."""
    headers, body = its.notification(number)
    return httpx.post(its.orders[number].notify, content=body, headers=headers, trust_env=False).status_code


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[LianLian]:
    """One that serves on loopback."""
    made = LianLian(folder)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Its", (Handler,), {"institution": made}))
    made.set_up(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
