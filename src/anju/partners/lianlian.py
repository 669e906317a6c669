"""LianLian Pay's accounts (账户+): a licensed institution where residents' balances lie, and their bank cards are kept.

JSON over HTTPS; each body is signed with RSA over its MD5 (the header Signature-Data), answers and notifications likewise. Set up by
ANJU_LIANLIAN_PARTNER, _KEY (our private key, a PEM file) and _PUBLIC_KEY (LianLian's, a PEM file).
Source: https://open.lianlianpay.com/docs/accp/ and the institution's own example programs.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import MD5
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy

from anju.partners.paying import CHINA, Forged, Line, Order, Outcome, State, declined, fen, require_signature, yuan
from anju.partners.purposes import WALLET
from anju.privacy import gateway
from anju.privacy.declarations import Category
from anju.privacy.gateway import NotDelivered, Recipient
from anju.privacy.refusals import Refused

Answer = dict[str, Any]  # Any: JSON
DONE, CODE_SENT = "0000", "8888"
_UNKNOWN = "8901"
"""The institution has no such order."""
_TROUBLE = ("9999", "9998")
"""Something went wrong there: what became of the request is not known."""
_WRONG = {
    "1004": ("code_wrong", gettext_lazy("验证码不对或已失效，请重新获取。")),
    "5001": ("card_refused", gettext_lazy("银行没有认可这张卡：请核对卡号和银行预留手机号，并使用您本人的借记卡。")),
    "3007": ("not_enough_money", gettext_lazy("余额不足。")),
}
_STATES = {
    "TRADE_WAIT_PAY": State.WAITING,
    "TRADE_SUCCESS": State.DONE,
    "TRADE_CLOSE": State.CLOSED,
    "TRADE_FAILURE": State.CLOSED,
    "TRADE_CANCEL": State.CLOSED,
}
_OUT = "DEBIT"
"""What a line of an account that money leaves says of itself."""
OWN, IN_TRUST = "MCHOWN", "MCHASSURE"
"""In which of our accounts there something lies: what was paid to us, or what a holder has put in trust for others."""
_PAGE = 100


def address() -> str | None:
    """Where it is reached; None while it is not set up."""
    if not os.environ.get("ANJU_LIANLIAN_PARTNER"):
        return None
    return os.environ.get("ANJU_LIANLIAN_URL", "https://accpapi.lianlianpay.com")


LIANLIAN = Recipient(
    code="lianlian",
    title=gettext_lazy("连连支付"),
    company=gettext_lazy("连连银通电子支付有限公司"),
    purpose=WALLET,
    fields={
        "name": Category.NAME,
        "id_number": Category.ID_NUMBER,
        "phone": Category.PHONE,
        "card": Category.PAYMENT,
        "password": Category.CREDENTIAL,
        "order": Category.PAYMENT,
        "amount": Category.PAYMENT,
        "title": Category.PAYMENT,
        "payee": Category.PAYMENT,
    },
    why=gettext_lazy("持有支付牌照，为您开立和保管钱包账户、核验和绑定银行卡，办理充值、提现、转账和付款"),
    link="https://www.lianlianpay.com/privacy.html",
    address=address,
)


@dataclass(frozen=True)
class Holder:
    """Who opens an account: the four elements that the bank compares. phone: as the bank knows it, eleven digits."""

    name: str
    id_number: str
    card: str
    phone: str


@dataclass(frozen=True)
class Linked:
    """A bank card at the institution. agreement: by which it is named from then on. number, phone: only ever passed through."""

    agreement: str
    bank: str
    number: str
    phone: str


@dataclass(frozen=True)
class Step:
    """What a request came to. token: with it and the code that the bank has sent the payer, `confirm` finishes it; empty: it is done."""

    token: str = ""


@cache
def _keys(own: str, theirs: str) -> tuple[rsa.RSAPrivateKey, rsa.RSAPublicKey]:
    private = serialization.load_pem_private_key(Path(own).read_bytes(), None)
    public = serialization.load_pem_public_key(Path(theirs).read_bytes())
    if not isinstance(private, rsa.RSAPrivateKey) or not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("LianLian's keys are RSA keys")
    return private, public


def _both() -> tuple[rsa.RSAPrivateKey, rsa.RSAPublicKey]:
    return _keys(os.environ["ANJU_LIANLIAN_KEY"], os.environ["ANJU_LIANLIAN_PUBLIC_KEY"])


def _digest(text: bytes) -> bytes:
    """The institution signs the MD5, written in hexadecimal."""
    return hashlib.md5(text, usedforsecurity=False).hexdigest().encode()


def _verify(text: bytes, signature: str) -> None:
    """Raises Forged."""
    require_signature(signature)
    try:
        _both()[1].verify(base64.b64decode(signature), _digest(text), padding.PKCS1v15(), MD5())  # noqa: S303  theirs
    except InvalidSignature as error:
        raise Forged("signature") from error


def _post(url: str, facts: Answer) -> Answer:
    """Raises OSError where there is no answer that is theirs."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    signature = base64.b64encode(_both()[0].sign(_digest(text), padding.PKCS1v15(), MD5())).decode()  # noqa: S303
    headers = {
        "Content-Type": "application/json;charset=utf-8", "Signature-Type": "RSA", "Signature-Data": signature,
    }  # fmt: skip
    try:
        answer = httpx.post(url, content=text, headers=headers, timeout=20, trust_env=False)
        if answer.status_code != 200:
            raise OSError(f"HTTP {answer.status_code}")
        _verify(answer.content, answer.headers.get("Signature-Data", ""))
        said: Answer = json.loads(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        raise OSError(type(error).__name__) from None
    if said.get("ret_code") in _TROUBLE:
        raise OSError(f"code {said['ret_code']}")
    return said


def _stamp(at: datetime | None = None) -> str:
    return (at or timezone.now()).astimezone(CHINA).strftime("%Y%m%d%H%M%S")


def _partner() -> str:
    return os.environ["ANJU_LIANLIAN_PARTNER"]


def _secret(password: str) -> str:
    """A payment password, for the institution alone."""
    return base64.b64encode(_both()[1].encrypt(password.encode(), padding.PKCS1v15())).decode()


def _body(facts: Answer) -> Answer:
    return {"timestamp": _stamp(), "oid_partner": _partner(), **facts}


def _notify() -> str:
    return f"{settings.ORIGIN}/api/v1/wallet/heard"


def _risk(person: UUID, title: str) -> str:
    """What the institution's own risk control wants to know of an order; no more than it cannot do without."""
    facts = {
        "frms_ware_category": "4007", "goods_name": title, "user_info_mercht_userno": person.hex,
        "user_info_identify_state": "1", "user_info_identify_type": "4", "frms_client_chnl": "H5", "user_auth_flag": "1",
    }  # fmt: skip
    return json.dumps(facts, ensure_ascii=False)


@dataclass(frozen=True)
class LianLian:
    """LianLian as the custodian of wallets, and as one of the institutions that can be paid by.

    Every method raises NotDelivered where there is no answer, and Refused where the institution declines.
    """

    recipient: Recipient = LIANLIAN
    ahead: timedelta = timedelta()

    def _ask(self, person: UUID, path: str, values: Mapping[str, str], facts: Answer, *, ends: bool = False) -> Answer:
        send = lambda url, _values: _post(f"{url}/v1/{path}", _body(facts))  # noqa: E731  what `share` takes
        return gateway.share(self.recipient, person, values, send, ends=ends)

    def _agreed(self, said: Answer, *also: str) -> Answer:
        """Raises Refused."""
        code = str(said.get("ret_code"))
        if code in (DONE, *also):
            return said
        if code in _WRONG:
            name, text = _WRONG[code]
            raise Refused(name, text, status=409)
        raise declined(self.recipient, code)

    # The account and its cards

    def open(self, person: UUID, number: str, holder: Holder) -> str:
        """Apply for an account with a first card; the bank sends the holder a code. Returns a token for `opened`."""
        facts = {
            "user_id": person.hex, "txn_seqno": number, "txn_time": _stamp(), "notify_url": _notify(),
            "basicInfo": {
                "reg_phone": holder.phone, "user_name": holder.name, "id_type": "ID_CARD", "id_no": holder.id_number,
            },
            "linkedAcctInfo": {"linked_acctno": holder.card, "linked_phone": holder.phone},
            "accountInfo": {"account_type": "PERSONAL_PAYMENT_ACCOUNT", "account_need_level": "V2"},
        }  # fmt: skip
        values = {"name": holder.name, "id_number": holder.id_number, "phone": holder.phone, "card": holder.card}
        return str(self._agreed(self._ask(person, "acctmgr/openacct-apply-individual", values, facts))["token"])

    def opened(self, person: UUID, number: str, token: str, code: str, password: str) -> None:
        """The holder has got the code, and sets the payment password."""
        facts = {
            "user_id": person.hex, "txn_seqno": number, "token": token, "verify_code": code, "password": _secret(password),
        }  # fmt: skip
        self._agreed(self._ask(person, "acctmgr/openacct-verify-individual", {"password": password}, facts))

    def bind(self, person: UUID, number: str, card: str, phone: str, password: str) -> str:
        """Another card of the same holder; the bank sends a code. Returns a token for `bound`."""
        facts = {
            "user_id": person.hex, "txn_seqno": number, "txn_time": _stamp(), "notify_url": _notify(),
            "linked_acctno": card, "linked_phone": phone, "password": _secret(password),
        }  # fmt: skip
        values = {"card": card, "phone": phone, "password": password}
        return str(self._agreed(self._ask(person, "acctmgr/individual-bindcard-apply", values, facts))["token"])

    def bound(self, person: UUID, number: str, token: str, code: str) -> None:
        facts = {"user_id": person.hex, "txn_seqno": number, "token": token, "verify_code": code}
        self._agreed(self._ask(person, "acctmgr/individual-bindcard-verify", {}, facts))

    def cards(self, person: UUID) -> list[Linked]:
        """The holder's cards, as the institution has them."""
        said = self._agreed(self._ask(person, "acctmgr/query-linkedacct", {}, {"user_id": person.hex}, ends=True))
        return [
            Linked(*(str(one[name]) for name in ("linked_agrtno", "linked_bankcode", "linked_acctno", "linked_phone")))
            for one in said.get("linked_acctlist") or []
        ]

    def unbind(self, person: UUID, number: str, agreement: str, password: str) -> None:
        """The institution forgets a card as well. One that it no longer has is forgotten already."""
        found = next((one for one in self.cards(person) if one.agreement == agreement), None)
        if found is None:
            return
        facts = {
            "user_id": person.hex, "txn_seqno": number, "txn_time": _stamp(), "notify_url": _notify(),
            "linked_acctno": found.number, "password": _secret(password),
        }  # fmt: skip
        values = {"card": found.number, "password": password}
        self._agreed(self._ask(person, "acctmgr/unlinkedacct-ind-apply", values, facts, ends=True))

    def find_password(self, person: UUID) -> str:
        """The holder has forgotten the password: the bank sends a code. Returns a token for `found_password`."""
        facts: Answer = {"user_id": person.hex}
        if linked := self.cards(person):
            facts["linked_acctno"] = linked[0].number
        return str(self._agreed(self._ask(person, "acctmgr/find-password-apply", {}, facts, ends=True))["token"])

    def found_password(self, person: UUID, token: str, code: str, password: str) -> None:
        facts = {"user_id": person.hex, "token": token, "verify_code": code, "password": _secret(password)}
        self._agreed(self._ask(person, "acctmgr/find-password-verify", {"password": password}, facts, ends=True))

    def balance(self, person: UUID) -> int:
        """What lies in the holder's account now, fen."""
        facts = {"user_id": person.hex, "user_type": "INNERUSER"}
        said = self._agreed(self._ask(person, "acctmgr/query-acctinfo", {}, facts, ends=True))
        return sum(
            fen(str(one["amt_balcur"])) for one in said["acctinfo_list"] if one["acct_type"] == "USEROWN_AVAILABLE"
        )

    def close_account(self, person: UUID, number: str, holder: Holder, password: str) -> None:
        """Nothing of the holder is kept open there. Refused while anything lies in the account."""
        facts = {
            "user_id": person.hex, "txn_seqno": number, "txn_time": _stamp(), "notify_url": _notify(),
            "user_name": holder.name, "id_type": "ID_CARD", "id_no": holder.id_number, "reg_phone": holder.phone,
            "password": _secret(password),
        }  # fmt: skip
        values = {"name": holder.name, "id_number": holder.id_number, "phone": holder.phone, "password": password}
        self._agreed(self._ask(person, "acctmgr/cancel-apply", values, facts, ends=True))

    # Orders

    def order(self, person: UUID, number: str, kind: str, amount: int, title: str, payee: UUID | None = None) -> None:
        """Make an order. kind: USER_TOPUP, GENERAL_CONSUME or SECURED_CONSUME. payee: another holder; us, where there is none."""
        facts: Answer = {
            "txn_type": kind, "user_id": person.hex, "user_type": "REGISTERED", "notify_url": _notify(),
            "orderInfo": {
                "txn_seqno": number, "txn_time": _stamp(), "total_amount": yuan(amount), "goods_name": title,
            },
        }  # fmt: skip
        values = {"order": number, "amount": str(amount), "title": title}
        if kind == "GENERAL_CONSUME":
            to = {"payee_id": payee.hex, "payee_type": "USER"} if payee else {
                "payee_id": _partner(), "payee_type": "MERCHANT",
            }  # fmt: skip
            facts["payeeInfo"] = [{**to, "payee_amount": yuan(amount)}]
        if payee:
            values["payee"] = payee.hex
        self._agreed(self._ask(person, "txn/tradecreate", values, facts))

    def pay(self, person: UUID, number: str, amount: int, title: str, password: str, agreement: str = "") -> Step:
        """Pay an order from the balance, or from the card with this agreement."""
        facts: Answer = {
            "txn_seqno": number, "total_amount": yuan(amount), "risk_item": _risk(person, title),
            "payerInfo": {"user_id": person.hex, "password": _secret(password)},
        }  # fmt: skip
        if agreement:
            facts["bankCardInfo"] = {"linked_agrtno": agreement}
            facts["payMethods"] = [{"method": "AGRT_DEBIT_CARD", "amount": yuan(amount)}]
        path = "txn/payment-bankcard" if agreement else "txn/payment-balance"
        values = {"order": number, "amount": str(amount), "title": title, "password": password}
        return self._step(self._ask(person, path, values, facts))

    def withdraw(self, person: UUID, number: str, amount: int, agreement: str, password: str) -> Step:
        """From the holder's balance to their own card. It goes on whatever consent has been taken back: the money is theirs."""
        facts = {
            "notify_url": _notify(), "linked_agrtno": agreement, "risk_item": _risk(person, "提现"),
            "orderInfo": {"txn_seqno": number, "txn_time": _stamp(), "total_amount": yuan(amount), "postscript": "提现"},
            "payerInfo": {"payer_type": "USER", "payer_id": person.hex, "password": _secret(password)},
        }  # fmt: skip
        values = {"order": number, "amount": str(amount), "password": password}
        return self._step(self._ask(person, "txn/withdrawal", values, facts, ends=True))

    def _step(self, said: Answer) -> Step:
        self._agreed(said, CODE_SENT)
        return Step(str(said["token"]) if said["ret_code"] == CODE_SENT else "")

    def confirm(self, person: UUID, number: str, amount: int, token: str, code: str) -> None:
        """The payer has got the bank's code."""
        facts = {
            "payer_type": "USER", "payer_id": person.hex, "txn_seqno": number, "total_amount": yuan(amount),
            "token": token, "verify_code": code,
        }  # fmt: skip
        self._agreed(self._ask(person, "txn/validation-sms", {"order": number}, facts, ends=True))

    def release(self, person: UUID, order: str, total: int, number: str, amount: int, payee: UUID) -> None:
        """Pass a part of what a holder has put in trust (SECURED_CONSUME) on to another holder."""
        facts = {
            "user_id": person.hex, "confirm_mode": "PART",
            "originalOrderInfo": {"txn_seqno": order, "total_amount": yuan(total)},
            "confirmOrderInfo": {"confirm_seqno": number, "confirm_time": _stamp(), "confirm_amount": yuan(amount)},
            "payeeInfo": [{"payee_id": payee.hex, "payee_type": "USER", "payee_amount": yuan(amount)}],
        }  # fmt: skip
        values = {"order": number, "amount": str(amount), "payee": payee.hex}
        self._agreed(self._ask(person, "txn/secured-confirm", values, facts, ends=True))

    def query_withdrawal(self, person: UUID, number: str) -> Outcome:
        return self._queried(person, number, "txn/query-withdrawal")

    def _queried(self, person: UUID, number: str, path: str) -> Outcome:
        said = self._ask(person, path, {"order": number}, {"txn_seqno": number}, ends=True)
        if said.get("ret_code") == _UNKNOWN:
            return Outcome(number, State.UNKNOWN)
        return _outcome(self._agreed(said))

    # As one of the institutions

    def create(self, payer: UUID, order: Order) -> str:
        """The payer goes on in the app itself, with the payment password."""
        self.order(payer, order.number, "GENERAL_CONSUME", order.amount, order.title)
        return ""

    def query(self, payer: UUID, number: str) -> Outcome:
        return self._queried(payer, number, "txn/query-payment")

    def close(self, payer: UUID, number: str, until: datetime) -> None:
        del until
        said = self._ask(payer, "txn/close-payment", {"order": number}, {"txn_seqno": number}, ends=True)
        if said.get("ret_code") != _UNKNOWN:
            self._agreed(said)

    def refund(self, payer: UUID, number: str, refund: str, amount: int, total: int) -> Outcome:
        return self.give_back(payer, number, refund, amount, total, OWN)

    def give_back(self, payer: UUID, number: str, refund: str, amount: int, total: int, held: str) -> Outcome:
        """Back the way it came. held: OWN or IN_TRUST."""
        asked = self._ask(payer, "txn/query-payment", {"order": number}, {"txn_seqno": number}, ends=True)
        if asked.get("ret_code") != DONE:  # that a question is declined says nothing about the refund
            raise NotDelivered(self.recipient.code)
        methods = [str(one["method"]) for one in asked["payerInfo"]]
        facts = {
            "user_id": payer.hex, "notify_url": _notify(),
            "originalOrderInfo": {"txn_seqno": number, "total_amount": yuan(total)},
            "refundOrderInfo": {"refund_seqno": refund, "refund_time": _stamp(), "refund_amount": yuan(amount)},
            "pyeeRefundInfos": [
                {"payee_id": _partner(), "payee_type": "MERCHANT", "payee_accttype": held,
                 "payee_refund_amount": yuan(amount), "is_advance_pay": "N"},
            ],
            "refundMethods": [{"method": methods[0], "amount": yuan(amount)}],
        }  # fmt: skip
        values = {"order": number, "amount": str(amount)}
        self._agreed(self._ask(payer, "txn/more-payee-refund", values, facts, ends=True))
        try:
            return self.query_refund(payer, number, refund)
        except (Refused, NotDelivered):  # it was taken on: what became of it is asked again
            return Outcome(number, State.WAITING, amount, refund=refund)

    def query_refund(self, payer: UUID, number: str, refund: str) -> Outcome:
        said = self._ask(payer, "txn/query-refund", {"order": number}, {"refund_seqno": refund}, ends=True)
        if said.get("ret_code") == _UNKNOWN:
            return Outcome(number, State.UNKNOWN, refund=refund)
        self._agreed(said)
        state = _STATES.get(str(said["txn_status"]), State.WAITING)
        return Outcome(
            number, state, fen(str(said["refund_amount"])), str(said.get("accp_txno", "")), _when(said), refund
        )

    def heard(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        if address() is None:
            raise Forged("not set up")
        _verify(body, headers.get("signature-data", ""))
        try:
            said = json.loads(body)
            if said["oid_partner"] != _partner():
                raise Forged("another merchant")
            return _outcome(said)
        except Forged:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is that cannot be read is not theirs
            raise Forged(type(error).__name__) from None

    def statement(self, day: date) -> list[Line]:
        """What came into our own account there and left it on this day: payments and refunds."""
        get = lambda url: list(_serial(url, _partner(), "INNERMERCHANT", OWN, day))  # noqa: E731  what `fetch` takes
        return [
            Line("" if one["flag_dc"] == _OUT else str(one["jno_cli"]), str(one["accp_txnno"]), fen(str(one["amt"])),
                 refund=str(one["jno_cli"]) if one["flag_dc"] == _OUT else "")
            for one in gateway.fetch(self.recipient, get)
            if one["txn_type"] == "GENERAL_CONSUME"  # what we take out ourselves is no resident's
        ]  # fmt: skip

    def movements(self, person: UUID, day: date) -> dict[str, int]:
        """What came into a holder's balance (above zero) and left it on this day, by our numbers. Fen."""
        send = lambda url, _values: list(_serial(url, person.hex, "INNERUSER", "USEROWN_AVAILABLE", day))  # noqa: E731
        found: dict[str, int] = {}
        for one in gateway.share(self.recipient, person, {}, send, ends=True):
            amount = fen(str(one["amt"])) * (-1 if one["flag_dc"] == _OUT else 1)
            found[str(one["jno_cli"])] = found.get(str(one["jno_cli"]), 0) + amount
        return found


def _serial(url: str, whose: str, kind: str, account: str, day: date) -> Iterator[Answer]:
    """Each line of an account's day. Raises OSError."""
    begin = datetime.combine(day, datetime.min.time(), CHINA)
    page = 1
    while True:
        said = _post(
            f"{url}/v1/acctmgr/query-acctserial",
            _body(
                {
                    "user_id": whose, "user_type": kind, "acct_type": account, "date_start": _stamp(begin),
                    "date_end": _stamp(begin + timedelta(days=1) - timedelta(seconds=1)),
                    "page_no": str(page), "page_size": str(_PAGE),
                }
            ),
        )  # fmt: skip
        if said.get("ret_code") == _UNKNOWN:
            return
        if said.get("ret_code") != DONE:
            raise OSError(f"code {said.get('ret_code')}")
        yield from said.get("acctbal_list") or []
        if page >= int(said["total_page"]):
            return
        page += 1


def _when(said: Answer) -> datetime | None:
    at = said.get("finish_time")
    return datetime.strptime(str(at), "%Y%m%d%H%M%S").replace(tzinfo=CHINA) if at else None


def _outcome(said: Answer) -> Outcome:
    info = said["orderInfo"]
    state = _STATES.get(str(said["txn_status"]), State.WAITING)
    return Outcome(
        str(info["txn_seqno"]), state, fen(str(info["total_amount"])), str(said.get("accp_txno", "")), _when(said)
    )
