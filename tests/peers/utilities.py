"""A provider of utility bills on loopback: Alipay's 缴费输出 (alipay.ebpp.jfexport.*) as its documents describe it.

Real HTTP and real RSA2 on both sides. Companies have accounts that owe; what a look-up gave is good for one payment soon after. It pays an
order once however often it is told, and can be told to misbehave.
"""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from anju.partners.paying import yuan

APP = "2021000000000002"
COMPANIES = {
    "ELECTRIC": [("SHDL", "国网上海电力", "上海市")],
    "WATER": [("SHCTWATER", "上海城投水务", "上海市")],
    "GAS": [("SHGAS", "上海燃气", "上海市")],
}


@dataclass
class Due:
    """One bill of an account. Fen."""

    period: str
    amount: int
    fine: int = 0


@dataclass
class Order:
    """What we were told to pay. status: as documented."""

    number: str
    company: str
    account: str
    due: Due
    status: str
    theirs: str = field(default_factory=lambda: f"{secrets.randbelow(10**24):024}")


@dataclass
class Faults:
    """What it does wrong now. lose: answers of payments that it has carried out. becomes: what an order is told to be at first."""

    out: bool = False
    lose: int = 0
    wrong_key: bool = False
    declines: bool = False
    becomes: str = "S"


@dataclass
class Provider:
    """One that runs. owed: by company and account. asked: methods, in their order."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    owed: dict[tuple[str, str], list[Due]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    sessions: dict[str, dict[str, Due]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    asked: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.own, self.stranger, self.merchant = (rsa.generate_private_key(65537, 2048) for _ in range(3))
        self.lock = threading.Lock()

    def set_up(self, url: str) -> None:
        """Write what a contract comes with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        private, public = self.folder / "merchant.pem", self.folder / "provider.pem"
        private.write_bytes(self.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(self.own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.environment = {
            "ANJU_UTILITIES_URL": f"{url}/gateway.do",
            "ANJU_UTILITIES_APPID": APP,
            "ANJU_UTILITIES_KEY": str(private),
            "ANJU_UTILITIES_PUBLIC_KEY": str(public),
        }

    def settle(self, number: str, status: str) -> None:
        """The company has it, or will not have it."""
        self.orders[number].status = status

    def sign(self, text: str) -> str:
        key = self.stranger if self.faults.wrong_key else self.own
        return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()

    def carry_out(self, method: str, facts: dict[str, Any]) -> dict[str, Any]:
        """What it answers, before it is signed."""
        self.asked.append(method)
        if facts.get("biz_type") != "JF":
            return _no("INVALID_PARAMETER")
        if method == "merchantbill.query":
            order = self.orders.get(facts["merchant_order_no"])
            return self._said(order) if order else _no("BILL_NOT_EXIST")
        kind = facts.get("sub_biz_type", "")
        if method == "chargeinst.query":
            names = ("charge_inst", "charge_inst_name", "city")
            found = [dict(zip(names, one, strict=True)) for one in COMPANIES.get(kind, [])]
            return _yes(charge_insts=found, total_count=len(found))
        company, account = facts["charge_inst"], facts["bill_key"]
        if (company, account) not in self.owed or company not in [one[0] for one in COMPANIES[kind]]:
            return _no("BILL_KEY_INVALID")
        if method == "instbill.query":
            return self._look_up(company, account)
        if method == "bill.create":
            return self._create(company, account, facts)
        return _no("INVALID_METHOD")

    def _look_up(self, company: str, account: str) -> dict[str, Any]:
        session = f"utility_{secrets.token_hex(8)}"
        marked = self.sessions[session] = {secrets.token_hex(8): one for one in self.owed[company, account]}
        bills = [
            {
                "amount": yuan(one.amount), "bill_date": one.period, "bill_fines": yuan(one.fine), "bill_key": account,
                "inst_bill_no": f"{company}{one.period}", "owner_name": "*三", "uniq_id": mark,
            }
            for mark, one in marked.items()
        ]  # fmt: skip
        return _yes(cache_key=session, charge_mode="2", bill_key=account, inst_bills=bills)

    def _create(self, company: str, account: str, facts: dict[str, Any]) -> dict[str, Any]:
        number = facts["merchant_order_no"]
        if number not in self.orders:
            due = self.sessions.pop(facts["cache_key"], {}).get(facts["unique_id"])
            if due is None or yuan(due.amount) != facts["amount"] or due not in self.owed[company, account]:
                return _no("BILL_CHANGED")
            if self.faults.declines:
                return _no("CHARGE_INST_CLOSED")
            self.owed[company, account].remove(due)
            self.orders[number] = Order(number, company, account, due, self.faults.becomes)
        return _yes(bill_no=self.orders[number].theirs, merchant_order_no=number)

    def _said(self, order: Order) -> dict[str, Any]:
        return _yes(
            merchant_order_no=order.number, bill_no=order.theirs, status=order.status, amount=yuan(order.due.amount)
        )


def _yes(**facts: Any) -> dict[str, Any]:  # Any: JSON
    return {"code": "10000", "msg": "Success", **facts}


def _no(why: str) -> dict[str, Any]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": why, "sub_msg": why}


class Handler(BaseHTTPRequestHandler):
    """One request, whose signature is checked."""

    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        its = self.provider
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if its.faults.out:
            return self._send(503, b"{}")
        said = dict(parse_qsl(urlsplit(self.path).query or body, keep_blank_values=True))
        try:
            signature = said.pop("sign")
            text = "&".join(f"{name}={said[name]}" for name in sorted(said)).encode()
            key = its.merchant.public_key()
            key.verify(base64.b64decode(signature), text, padding.PKCS1v15(), SHA256())
            if said["app_id"] != APP or said["sign_type"] != "RSA2":
                raise ValueError("not this merchant")
        except (InvalidSignature, KeyError, ValueError) as error:
            its.unreadable.append(type(error).__name__)
            return self._send(200, b'{"error_response":{"code":"40002","sub_code":"isv.invalid-signature"}}')
        method = said["method"].removeprefix("alipay.ebpp.jfexport.")
        with its.lock:
            answer = json.dumps(its.carry_out(method, json.loads(said["biz_content"])), ensure_ascii=False)
        if method == "bill.create" and its.faults.lose > 0:
            its.faults.lose -= 1
            self.close_connection = True
            return None
        name = said["method"].replace(".", "_") + "_response"
        return self._send(200, f'{{"{name}":{answer},"sign":"{its.sign(answer)}"}}'.encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # Any: the base class's own
        """Nothing."""


@contextmanager
def running(folder: Path) -> Iterator[Provider]:
    """One that serves on loopback."""
    made = Provider(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Its", (Handler,), {"provider": made}))
    made.set_up(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
