"""UnionPay on loopback (全渠道, ACP 5.1.0), beside the other institutions: it keeps its orders among theirs and misbehaves with them.

Real certificates in a chain that is made when it starts, real signatures on both sides. It takes an order only as strictly signed and
filled in as the real one, knows orders by number and second, closes none, and writes statements of fixed columns.
"""

import base64
import hashlib
import io
import re
import secrets
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from anju.partners.paying import CHINA
from tests.peers.institution import Institution, Order

MERCHANT, PASSWORD = "777290058110097", "a pass word"
OWN = "041@8310000000083040@中国银联股份有限公司@00016494"
_MOMENT = "%Y%m%d%H%M%S"
_CURRENT = timedelta(minutes=10)
_SHA256, _SHA1 = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("0b", "05"))
"""Which hash an RSA signature is over, as certificates write it."""
_ALWAYS = {
    "version": r"5\.1\.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "bizType": "000000",
    "merId": r"[0-9]{15}", "certId": "[0-9]{1,128}", "txnTime": "[0-9]{14}", "signature": ".+",
}  # fmt: skip
_ORDER = {"orderId": "[0-9A-Za-z]{8,32}"}
_MONEY = {"txnAmt": "[1-9][0-9]{0,11}", "backUrl": "https?://.+"}
_FORMS: dict[tuple[str, str], dict[str, str]] = {
    ("01", "07"): {**_ORDER, **_MONEY, "channelType": "08", "currencyCode": "156", "payTimeout": "[0-9]{14}"},
    ("00", "00"): _ORDER,
    ("04", "00"): {**_ORDER, **_MONEY, "channelType": "07", "origQryId": "[0-9]{21}", "reqReserved": ".{1,1024}"},
    ("76", "01"): {"fileType": "00", "settleDate": "[0-9]{4}"},
}
"""What each kind of form has beside what all have; nothing else may stand in it."""
_COLUMNS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32,
            13, 13, 12, 2, 1, 131]  # fmt: skip


@dataclass
class Chain:
    """A root, a middle and somebody's own certificate, with its key."""

    root: x509.Certificate
    middle: x509.Certificate
    own: x509.Certificate
    key: rsa.RSAPrivateKey
    middle_key: rsa.RSAPrivateKey

    @classmethod
    def made(cls, name: str) -> "Chain":
        keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
        root = certificate("CFCA TEST CA", keys[0], "CFCA TEST CA", keys[0], authority=True)
        middle = certificate("CFCA TEST OCA1", keys[1], "CFCA TEST CA", keys[0], authority=True)
        own = certificate(name, keys[2], "CFCA TEST OCA1", keys[1])
        return cls(root, middle, own, keys[2], keys[1])

    def issued(self, name: str = OWN, *, days: tuple[int, int] = (-1, 365)) -> "Chain":
        """Another certificate by the same middle, good from and until so many days from now."""
        key = rsa.generate_private_key(65537, 2048)
        own = certificate(name, key, "CFCA TEST OCA1", self.middle_key, days=days)
        return Chain(self.root, self.middle, own, key, self.middle_key)


def certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    issuer_key: rsa.RSAPrivateKey,
    *,
    authority: bool = False,
    days: tuple[int, int] = (-1, 365),
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(secrets.randbits(64) | 1)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return made.sign(issuer_key, SHA256())


def with_sha1(one: x509.Certificate, issuer: rsa.RSAPrivateKey) -> x509.Certificate:
    """The same, signed as certificates were for long: libraries make none such any more, so its bytes are changed."""
    long_ago = one.tbs_certificate_bytes.replace(_SHA256, _SHA1)
    whole = one.public_bytes(Encoding.DER).replace(_SHA256, _SHA1)
    signature = issuer.sign(long_ago, padding.PKCS1v15(), SHA1())  # noqa: S303  what is tried
    return x509.load_der_x509_certificate(whole[: -len(signature)] + signature)


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.PEM)


def hashed(fields: Mapping[str, str]) -> bytes:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return hashlib.sha256(text.encode()).hexdigest().encode()


def signed(fields: Mapping[str, str], chain: Chain) -> dict[str, str]:
    """As UnionPay signs, with the certificate beside it."""
    named = {**fields, "signMethod": "01", "signPubKeyCert": pem(chain.own).decode()}
    signature = chain.key.sign(hashed(named), padding.PKCS1v15(), SHA256())
    return {**named, "signature": base64.b64encode(signature).decode()}


@dataclass
class Back:
    """A refund. second: of the form that asked for it."""

    order: Order
    amount: int
    at: datetime
    second: str
    theirs: str
    reserved: str


@dataclass
class UnionPay:
    """One that runs. its: the institutions among whose orders its own are, and whose faults it has."""

    folder: Path
    its: Institution
    url: str = ""
    seconds: dict[str, str] = field(default_factory=dict)
    backs: dict[str, Back] = field(default_factory=dict)
    said: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain, self.stranger = Chain.made(OWN), Chain.made(OWN)
        self.merchant = Chain.made("a merchant")

    def set_up(self, url: str) -> None:
        """Write what a contract comes with."""
        self.url = url
        self.folder.mkdir(parents=True, exist_ok=True)
        packed = pkcs12.serialize_key_and_certificates(
            b"merchant", self.merchant.key, self.merchant.own, None, BestAvailableEncryption(PASSWORD.encode())
        )
        files = {
            "KEY": packed,
            "KEY_PASSWORD": f"{PASSWORD}\n".encode(),
            "ROOT": pem(self.chain.root),
            "MIDDLE": pem(self.chain.middle),
        }
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
            self.its.environment[f"ANJU_UNIONPAY_{name}"] = str(self.folder / name)
        self.its.environment |= {
            "ANJU_UNIONPAY_MERID": MERCHANT,
            "ANJU_UNIONPAY_URL": f"{url}/gateway/api",
            "ANJU_UNIONPAY_FILES_URL": f"{url}/files/",
        }
        self.its.unionpay = self
        self.its.notifiers["unionpay"] = lambda order, _age: self.notification(order)

    # what it tells

    def notification(self, order: Order, chain: Chain | None = None, **more: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of what the merchant is told of an order."""
        return self._form({**self._facts(order), **more}, chain)

    def back_notification(self, number: str, **more: str) -> tuple[dict[str, str], bytes]:
        """Of a refund."""
        return self._form({**self._back_facts(number), **more}, None)

    def _form(self, facts: Mapping[str, str], chain: Chain | None) -> tuple[dict[str, str], bytes]:
        chain = chain or (self.stranger if self.its.faults.wrong_key else self.chain)
        body = urlencode(signed(facts, chain)).encode()
        return {"Content-Type": "application/x-www-form-urlencoded"}, body

    def _common(self, number: str, kind: str, subkind: str) -> dict[str, str]:
        return {
            "version": "5.1.0", "encoding": "UTF-8", "accessType": "0", "bizType": "000000", "merId": MERCHANT,
            "orderId": number, "txnType": kind, "txnSubType": subkind, "respCode": "00", "respMsg": "成功[0000000]",
        }  # fmt: skip

    def _facts(self, order: Order) -> dict[str, str]:
        at = order.paid_at or datetime.now(CHINA)
        return {
            **self._common(order.number, "01", "01"),
            **_money(order.amount, order.theirs[-21:], at),
            "txnTime": self.seconds[order.number], "accNo": "6226388000000095",
        }  # fmt: skip

    def _back_facts(self, number: str) -> dict[str, str]:
        back = self.backs[number]
        return {
            **self._common(number, "04", "00"), **_money(back.amount, back.theirs, back.at), "txnTime": back.second,
            "origQryId": back.order.theirs[-21:], "reqReserved": back.reserved,
        }  # fmt: skip

    # what it is asked

    def carry_out(self, path: str, form: dict[str, str]) -> dict[str, str]:
        """The fields of its answer, not signed yet."""
        answer = {
            name: form[name]
            for name in ("version", "encoding", "accessType", "bizType", "merId", "orderId")
            if name in form
        }
        answer |= {name: form.get(name, "") for name in ("txnType", "txnSubType", "txnTime")}
        code = self._problem(path, form)
        more = {"respCode": code} if code else self._done(form)
        return {**answer, **more, "respMsg": f"[{more['respCode']}]"}

    def _problem(self, path: str, form: dict[str, str]) -> str:
        """Why it is not taken; empty: it is."""
        wanted = _FORMS.get((form.get("txnType", ""), form.get("txnSubType", "")))
        if wanted is None or form["merId"] != MERCHANT:
            return "10"
        wanted = {**_ALWAYS, **wanted, "txnType": ".+", "txnSubType": ".+"}
        if form.keys() != wanted.keys() or any(re.fullmatch(one, form[name]) is None for name, one in wanted.items()):
            self.its.unreadable.append(f"{sorted(form.keys() ^ wanted.keys())}")
            return "13"
        service = {"00": "/gateway/api/queryTrans.do", "76": "/files/"}.get(
            form["txnType"], "/gateway/api/backTransReq.do"
        )
        at = datetime.strptime(form["txnTime"], _MOMENT).replace(tzinfo=CHINA)
        if path != service or (form["txnType"] != "00" and abs(at - datetime.now(CHINA)) > _CURRENT):
            return "10"
        return ""

    def _done(self, form: dict[str, str]) -> dict[str, str]:
        kind = form["txnType"]
        if kind == "01":
            return self._new(form)
        if kind == "04":
            return self._back(form)
        if kind == "76":
            return self._file(form["settleDate"])
        number, order = form["orderId"], self.its.orders.get(form["orderId"])
        if (back := self.backs.get(number)) and back.second == form["txnTime"]:
            return {**self._back_facts(number), "origRespCode": "00"}
        if order and order.by == "unionpay" and order.paid_at and self.seconds[number] == form["txnTime"]:
            return {**self._facts(order), "origRespCode": "00"}
        return {"respCode": "34"}

    def _new(self, form: dict[str, str]) -> dict[str, str]:
        until = datetime.strptime(form["payTimeout"], _MOMENT).replace(tzinfo=CHINA)
        number = form["orderId"]
        if until < datetime.now(CHINA):
            return {"respCode": "10"}
        if number in self.its.orders:
            return {"respCode": "12"}
        self.its.orders[number] = Order(number, int(form["txnAmt"]), "云闪付", form["backUrl"], "unionpay")
        self.seconds[number] = form["txnTime"]
        return {"respCode": "00", "qrCode": f"{self.url}/pay?order={number}"}

    def _back(self, form: dict[str, str]) -> dict[str, str]:
        amount, number = int(form["txnAmt"]), form["orderId"]
        paid = [one for one in self.its.orders.values() if one.by == "unionpay" and one.paid_at]
        order = next((one for one in paid if one.theirs[-21:] == form["origQryId"]), None)
        if number in self.backs:
            return {"respCode": "12"}
        if order is None:
            return {"respCode": "35"}
        if sum(order.back.values()) + amount > order.amount:
            return {"respCode": "33"}
        order.back[number] = amount
        theirs = f"{secrets.randbelow(10**21):021}"
        self.backs[number] = Back(order, amount, datetime.now(CHINA), form["txnTime"], theirs, form["reqReserved"])
        return {"respCode": "00", "queryId": theirs}

    def _file(self, settled: str) -> dict[str, str]:
        text = self.statement(settled)
        if not text:
            return {"respCode": "98"}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"INN{datetime.now(CHINA):%y}{settled}88ZM_{MERCHANT}", text)
            archive.writestr(f"INN{datetime.now(CHINA):%y}{settled}88ZME_{MERCHANT}", b"")
        content = base64.b64encode(zlib.compress(packed.getvalue())).decode()
        return {"respCode": "00", "fileName": f"{MERCHANT}_{settled}.zip", "fileContent": content}

    def statement(self, settled: str) -> bytes:
        """A line for each that a day of settlement has: it begins at eleven in the evening before."""
        rows = []
        for order in self.its.orders.values():
            if order.by == "unionpay" and order.paid_at and _day(order.paid_at) == settled:
                rows.append(_row("S22", "01", order.number, order.amount, order.theirs[-21:], order.paid_at))
        for number, back in self.backs.items():
            if back.order.number in self.its.orders and _day(back.at) == settled:
                more = {26: back.order.theirs[-21:], 34: back.reserved}
                rows.append(_row("S30", "04", number, back.amount, back.theirs, back.at, more))
        return b"".join(sorted(rows))


def _money(amount: int, theirs: str, at: datetime) -> dict[str, str]:
    return {
        "txnAmt": str(amount), "settleAmt": str(amount), "currencyCode": "156", "settleCurrencyCode": "156",
        "queryId": theirs, "settleDate": _day(at), "traceNo": theirs[-6:], "traceTime": f"{at.astimezone(CHINA):%m%d%H%M%S}",
    }  # fmt: skip


def _day(at: datetime) -> str:
    return f"{at.astimezone(CHINA) + timedelta(hours=1):%m%d}"


def _row(
    code: str, kind: str, number: str, amount: int, theirs: str, at: datetime, more: Mapping[int, str] | None = None
) -> bytes:
    cells = {
        0: code, 4: f"{at.astimezone(CHINA):%m%d%H%M%S}", 5: "622638******0095", 6: f"{amount:012}", 9: theirs, 11: number,
        15: "D000000000000", 16: f"C{amount:012}", 19: kind, 20: "01", 21: "000000", 27: MERCHANT, 30: "安居小区", **(more or {}),
    }  # fmt: skip
    parts = [cells.get(column, "").encode("gbk") for column in range(len(_COLUMNS))]
    return b" ".join(one + b" " * (width - len(one)) for one, width in zip(parts, _COLUMNS, strict=True)) + b"\r\n"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    peer: UnionPay

    def do_GET(self) -> None:
        number = parse_qs(urlsplit(self.path).query)["order"][0]  # the payer's own browser
        self._send(200, self.peer.its.page(number), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        peer, its = self.peer, self.peer.its
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        where = urlsplit(self.path)
        if where.path == "/paid":
            number = parse_qs(where.query)["order"][0]
            its.pay(number)
            return self._send(200, its.page(number), "text/html; charset=utf-8")
        if its.faults.out:
            return self._send(503, b"", "text/html")
        time.sleep(its.faults.delay)
        with its.lock:
            answer = self._answer(where.path, body)
        if its.faults.spare > 0:
            its.faults.spare -= 1
        elif its.faults.lose > 0:
            its.faults.lose -= 1
            self.close_connection = True
            return None  # carried out, and nothing said
        said = signed(answer, peer.stranger if its.faults.wrong_key else peer.chain)
        peer.said.append(said)
        return self._send(200, "&".join(f"{name}={text}" for name, text in said.items()).encode(), "text/html")

    def _answer(self, path: str, body: str) -> dict[str, str]:
        peer = self.peer
        form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        own = peer.merchant.own
        try:
            if form["certId"] != str(own.serial_number):
                raise ValueError("another certificate")
            key = peer.merchant.key.public_key()
            key.verify(base64.b64decode(form["signature"]), hashed(form), padding.PKCS1v15(), SHA256())
        except (InvalidSignature, KeyError, ValueError) as error:
            peer.its.unreadable.append(type(error).__name__)
            return {"respCode": "11", "respMsg": "验证签名失败[11]"}
        return peer.carry_out(path, form)

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # Any: the base class's own
        """Nothing."""


@contextmanager
def running(folder: Path, its: Institution) -> Iterator[UnionPay]:
    """One that serves on loopback, beside the others."""
    made = UnionPay(folder, its)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Its", (Handler,), {"peer": made}))
    made.set_up(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
