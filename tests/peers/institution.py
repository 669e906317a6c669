"""A payment institution on loopback: WeChat Pay's API v3 and Alipay's open platform as their documents describe them.

Real HTTP, real RSA signatures, notifications sealed with AES-GCM, daily statements. It checks what it is sent as strictly as they
do, remembers orders, and can be told to misbehave: to be slow, to lose answers, to notify twice, too early or not at all, to
sign with another key, or to be out.
"""

import base64
import csv
import gzip
import hashlib
import io
import json
import secrets
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from anju.partners.paying import CHINA, fen, yuan

if TYPE_CHECKING:
    from tests.peers.unionpay import UnionPay

MERCHANT, APP, ALIPAY_APP = "1900000109", "wxd678efh567hg6787", "2021000000000001"
SERIAL = "5157F09EFDC096DE15EBE81A47057A72"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024000000000000000001"
_HEADS_WECHAT = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
]
_HEADS_ALIPAY = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
]


class _Entry(zipfile.ZipInfo):
    """Alipay writes names in GBK and does not say so."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # the library's own name for it
        return self.filename.encode("gbk"), self.flag_bits


@dataclass
class Order:
    """amount: fen. back: refunds by the merchant's number."""

    number: str
    amount: int
    title: str
    notify: str
    by: str
    theirs: str = field(default_factory=lambda: f"4200{secrets.randbelow(10**24):024}")
    state: str = "NOTPAY"
    paid_at: datetime | None = None
    back: dict[str, int] = field(default_factory=dict)


@dataclass
class Faults:
    """What it does wrong now. lose: answers of requests that it has carried out, after `spare` that it gives. wrong_key: signs with a key nobody knows."""

    out: bool = False
    delay: float = 0.0
    lose: int = 0
    spare: int = 0
    wrong_key: bool = False
    silent: bool = False
    twice: bool = False


@dataclass
class Institution:
    """One that runs. environment: what an installation needs to know of it. unionpay: runs beside it, where a test wants that."""

    folder: Path
    url: str = ""
    orders: dict[str, Order] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    environment: dict[str, str] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unionpay: "UnionPay | None" = None
    notifiers: dict[str, Callable[[Order, int], tuple[dict[str, str], bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secret = secrets.token_hex(16)
        self.own, self.stranger = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.merchant = rsa.generate_private_key(65537, 2048)
        self.lock = threading.Lock()
        self.notifiers |= {"wechat": self._wechat_notification, "alipay": self._alipay_notification}

    def set_up(self, url: str) -> None:
        """Write the keys that a contract comes with."""
        self.url = url
        self.folder.mkdir(parents=True, exist_ok=True)
        private, public = self.folder / "merchant.pem", self.folder / "institution.pem"
        private.write_bytes(self.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(self.own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.environment = {
            "ANJU_WECHAT_PAY_URL": url,
            "ANJU_WECHAT_PAY_MCHID": MERCHANT,
            "ANJU_WECHAT_PAY_APPID": APP,
            "ANJU_WECHAT_PAY_SERIAL": SERIAL,
            "ANJU_WECHAT_PAY_KEY": str(private),
            "ANJU_WECHAT_PAY_APIV3_KEY": self.secret,
            "ANJU_WECHAT_PAY_PUBLIC_KEY": str(public),
            "ANJU_WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
            "ANJU_ALIPAY_URL": f"{url}/gateway.do",
            "ANJU_ALIPAY_APPID": ALIPAY_APP,
            "ANJU_ALIPAY_KEY": str(private),
            "ANJU_ALIPAY_PUBLIC_KEY": str(public),
        }

    # what payers do

    def pay(self, number: str, at: datetime | None = None) -> None:
        """The payer pays on their phone. The merchant is told, unless it is switched off."""
        with self.lock:
            order = self.orders[number]
            if order.state != "NOTPAY":
                raise ValueError(f"the order is {order.state}")
            order.state, order.paid_at = "SUCCESS", at or datetime.now(CHINA)
        if not self.faults.silent:
            for _ in range(2 if self.faults.twice else 1):
                self.tell(order)

    def pay_unheard(self, number: str) -> Order:
        """The payer pays; whether the merchant hears of it is another matter."""
        self.faults.silent = True
        self.pay(number)
        return self.orders[number]

    def page(self, number: str) -> bytes:
        """What the payer sees on their phone."""
        order = self.orders[number]
        form = f'<form method="post" action="/paid?order={number}"><button>确认支付</button></form>'
        rest = form if order.state == "NOTPAY" else "<p>支付完成，请返回商家</p>"
        return f"<!doctype html><meta charset=utf-8><h1>{order.title} ¥{yuan(order.amount)}</h1>{rest}".encode()

    def tell(self, order: Order, to: str = "") -> int:
        """Notify the merchant. Returns the HTTP status of its answer."""
        headers, body = self.notification(order)
        try:
            answer = httpx.post(to or order.notify, headers=headers, content=body, timeout=10)
        except httpx.HTTPError:
            return 0
        self.answers.append(answer.status_code)
        return answer.status_code

    def notification(self, order: Order, *, age: int = 0) -> tuple[dict[str, str], bytes]:
        """Headers and body of what the merchant is told of an order."""
        return self.notifiers[order.by](order, age)

    def _wechat_notification(self, order: Order, age: int) -> tuple[dict[str, str], bytes]:
        nonce = secrets.token_hex(6)
        plain = json.dumps(self._wechat_order(order)).encode()
        sealed = AESGCM(self.secret.encode()).encrypt(nonce.encode(), plain, b"transaction")
        body = json.dumps(
            {
                "id": secrets.token_hex(16),
                "event_type": "TRANSACTION.SUCCESS",
                "resource_type": "encrypt-resource",
                "resource": {
                    "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(sealed).decode(),
                    "nonce": nonce, "associated_data": "transaction", "original_type": "transaction",
                },
            }
        )  # fmt: skip
        return {"Content-Type": "application/json", **self._wechat_signed(body, age)}, body.encode()

    def _alipay_notification(self, order: Order, _age: int) -> tuple[dict[str, str], bytes]:
        said = {
            "app_id": ALIPAY_APP, "notify_type": "trade_status_sync", "out_trade_no": order.number, "trade_no": order.theirs,
            "trade_status": "TRADE_SUCCESS", "total_amount": yuan(order.amount), "charset": "utf-8", "version": "1.0",
            "gmt_payment": f"{order.paid_at:%Y-%m-%d %H:%M:%S}",
        }  # fmt: skip
        text = "&".join(f"{name}={said[name]}" for name in sorted(said))
        form = {**said, "sign_type": "RSA2", "sign": self._sign(text)}
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()

    # signatures

    def _sign(self, text: str) -> str:
        key = self.stranger if self.faults.wrong_key else self.own
        return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()

    def _wechat_signed(self, body: str, age: int = 0) -> dict[str, str]:
        at, nonce = str(int(time.time()) - age), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": at,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PUBLIC_KEY_ID,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Signature": self._sign(f"{at}\n{nonce}\n{body}\n"),
        }

    def verify(self, text: str, signature: str) -> None:
        """Raises InvalidSignature."""
        self.merchant.public_key().verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), SHA256())

    # WeChat Pay

    def _wechat_order(self, order: Order) -> dict[str, Any]:
        return {
            "appid": APP, "mchid": MERCHANT, "out_trade_no": order.number, "transaction_id": order.theirs,
            "trade_type": "NATIVE", "trade_state": "REFUND" if order.back else order.state, "trade_state_desc": "",
            "amount": {"total": order.amount, "payer_total": order.amount, "currency": "CNY"},
            **({"success_time": order.paid_at.isoformat(timespec="seconds")} if order.paid_at else {}),
        }  # fmt: skip

    def wechat(self, method: str, path: str, said: dict[str, Any]) -> tuple[int, Any]:
        """What it answers: HTTP status and JSON (None: an empty body; bytes: a file)."""
        where, _mark, query = path.partition("?")
        parts = where.split("/")
        if where in ("/v3/pay/transactions/native", "/v3/pay/transactions/h5"):
            return self._wechat_new(where, said)
        if where.startswith("/v3/pay/transactions/out-trade-no/"):
            order = self.orders.get(parts[5])
            if order is None or order.by != "wechat":
                return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
            if method == "POST":
                if order.state == "SUCCESS":
                    return 400, {"code": "ORDERPAID", "message": "订单已支付"}
                order.state = "CLOSED"
                return 204, None
            return 200, self._wechat_order(order)
        if where == "/v3/refund/domestic/refunds":
            return self._wechat_refund(said)
        if where.startswith("/v3/refund/domestic/refunds/"):
            for order in self.orders.values():
                if parts[5] in order.back:
                    return 200, self._wechat_back(order, parts[5])
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}
        if where == "/v3/bill/tradebill":
            day = date.fromisoformat(parse_qs(query)["bill_date"][0])
            text = self.wechat_statement(day)
            if text is None:
                return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单不存在"}
            told = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
            return 200, {
                "hash_type": "SHA1", "hash_value": told, "download_url": f"{self.url}/v3/billdownload/file?token={day}",
            }  # fmt: skip
        if where == "/v3/billdownload/file":
            text = self.wechat_statement(date.fromisoformat(parse_qs(query)["token"][0]))
            return 200, gzip.compress((text or "").encode())
        return 404, {"code": "NOT_FOUND", "message": where}

    def _wechat_new(self, where: str, said: dict[str, Any]) -> tuple[int, Any]:
        number = said["out_trade_no"]
        if said["mchid"] != MERCHANT or said["appid"] != APP or not 6 <= len(number) <= 32:
            return 400, {"code": "PARAM_ERROR", "message": "参数错误"}
        if datetime.fromisoformat(said["time_expire"]) < datetime.now(CHINA):
            return 400, {"code": "PARAM_ERROR", "message": "time_expire"}
        if where.endswith("h5") and not said["scene_info"]["payer_client_ip"]:
            return 400, {"code": "PARAM_ERROR", "message": "payer_client_ip"}
        known = self.orders.setdefault(
            number, Order(number, said["amount"]["total"], said["description"], said["notify_url"], "wechat")
        )
        if known.amount != said["amount"]["total"] or known.state != "NOTPAY":
            return 400, {"code": "OUT_TRADE_NO_USED", "message": "商户订单号重复"}
        if where.endswith("h5"):
            return 200, {"h5_url": f"{self.url}/pay?order={number}"}
        return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={number}"}

    def _wechat_refund(self, said: dict[str, Any]) -> tuple[int, Any]:
        order = self.orders.get(said["out_trade_no"])
        amount, total = said["amount"]["refund"], said["amount"]["total"]
        if order is None or order.state != "SUCCESS":
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "订单不存在"}
        already = sum(one for number, one in order.back.items() if number != said["out_refund_no"])
        if total != order.amount or already + amount > order.amount:
            return 400, {"code": "INVALID_REQUEST", "message": "退款金额"}
        order.back.setdefault(said["out_refund_no"], amount)
        return 200, self._wechat_back(order, said["out_refund_no"])

    def _wechat_back(self, order: Order, number: str) -> dict[str, Any]:
        return {
            "out_trade_no": order.number, "out_refund_no": number, "refund_id": f"50{order.theirs[2:]}", "status": "SUCCESS",
            "success_time": datetime.now(CHINA).isoformat(timespec="seconds"),
            "amount": {"total": order.amount, "refund": order.back[number], "currency": "CNY"},
        }  # fmt: skip

    def wechat_statement(self, day: date) -> str | None:
        """A day's table, or None when nothing was paid."""
        rows = []
        for order in self._paid("wechat", day):
            facts = dict.fromkeys(_HEADS_WECHAT, "")
            facts |= {
                "交易时间": f"{order.paid_at:%Y-%m-%d %H:%M:%S}", "公众账号ID": APP, "商户号": MERCHANT, "微信订单号": order.theirs,
                "商户订单号": order.number, "交易类型": "NATIVE", "交易状态": "SUCCESS", "货币种类": "CNY", "商品名称": order.title,
                "订单金额": yuan(order.amount), "申请退款金额": "0.00", "手续费": "0.00", "退款金额": "0.00",
            }  # fmt: skip
            rows.append(facts)
            for number, amount in order.back.items():
                back = {"交易状态": "REFUND", "商户退款单号": number, "微信退款单号": f"50{order.theirs[2:]}"}
                rows.append(
                    {**facts, **back, "申请退款金额": yuan(amount), "退款金额": yuan(amount), "订单金额": "0.00"}
                )
        if not rows:
            return None
        lines = [",".join(_HEADS_WECHAT)]
        lines += [",".join(f"`{one[name]}" for name in _HEADS_WECHAT) for one in rows]
        lines.append("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额")
        lines.append(f"`{len(rows)},`0.00,`0.00,`0.00,`0.00,`0.00,`0.00")
        return "\r\n".join(lines) + "\r\n"

    def _paid(self, by: str, day: date) -> list[Order]:
        found = [one for one in self.orders.values() if one.by == by and one.paid_at and one.paid_at.date() == day]
        return sorted(found, key=lambda one: one.number)

    # Alipay

    def alipay(self, said: dict[str, str]) -> dict[str, Any]:
        facts = json.loads(said["biz_content"])
        method = said["method"]
        order = self.orders.get(facts.get("out_trade_no", ""))
        if method == "alipay.trade.precreate":
            number = facts["out_trade_no"]
            amount = fen(facts["total_amount"])
            order = self.orders.setdefault(
                number, Order(number, amount, facts["subject"], said["notify_url"], "alipay")
            )
            return {
                "code": "10000",
                "msg": "Success",
                "out_trade_no": number,
                "qr_code": f"https://qr.alipay.com/{number}",
            }
        if method == "alipay.data.dataservice.bill.downloadurl.query":
            if not self._paid("alipay", date.fromisoformat(facts["bill_date"])):
                return {"code": "40004", "msg": "Business Failed", "sub_code": "isp.bill_not_exist"}
            return {"code": "10000", "msg": "Success", "bill_download_url": f"{self.url}/bill?day={facts['bill_date']}"}
        if order is None or order.by != "alipay":
            return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        if method == "alipay.trade.query":
            state = {"NOTPAY": "WAIT_BUYER_PAY", "SUCCESS": "TRADE_SUCCESS", "CLOSED": "TRADE_CLOSED"}[order.state]
            paid = {"send_pay_date": f"{order.paid_at:%Y-%m-%d %H:%M:%S}"} if order.paid_at else {}
            return {
                "code": "10000", "msg": "Success", "out_trade_no": order.number, "trade_no": order.theirs,
                "trade_status": state, "total_amount": yuan(order.amount), **paid,
            }  # fmt: skip
        if method == "alipay.trade.close":
            if order.state == "SUCCESS":
                return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.REASON_TRADE_STATUS_INVALID"}
            order.state = "CLOSED"
            return {"code": "10000", "msg": "Success"}
        if method == "alipay.trade.refund":
            amount, refund = fen(facts["refund_amount"]), facts["out_request_no"]
            already = sum(one for number, one in order.back.items() if number != refund)
            if order.state != "SUCCESS" or already + amount > order.amount:
                return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}
            order.back.setdefault(refund, amount)
            return {"code": "10000", "msg": "Success", "fund_change": "Y", "refund_fee": yuan(sum(order.back.values()))}
        if method == "alipay.trade.fastpay.refund.query":
            refund = facts["out_request_no"]
            more = {"out_request_no": refund, "trade_no": order.theirs, "refund_status": "REFUND_SUCCESS"}
            known = {**more, "refund_amount": yuan(order.back[refund])} if refund in order.back else {}
            return {"code": "10000", "msg": "Success", "out_trade_no": order.number, **known}
        return {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-method"}

    def alipay_statement(self, day: date) -> bytes:
        """A day's file: two GBK tables in a zip."""
        text = io.StringIO()
        text.write(f"#支付宝业务明细查询\r\n#账号：[{ALIPAY_APP}]\r\n#起始日期：[{day}]\r\n")
        table = csv.writer(text)
        table.writerow(_HEADS_ALIPAY)
        for order in self._paid("alipay", day):
            for number, amount in [("", order.amount), *order.back.items()]:
                facts = dict.fromkeys(_HEADS_ALIPAY, "")
                facts |= {
                    "支付宝交易号": f"{order.theirs}\t", "商户订单号": f"{order.number}\t", "业务类型": "退款" if number else "交易",
                    "订单金额（元）": f"{'-' if number else ''}{yuan(amount)}", "退款批次号/请求号": number, "服务费（元）": "0.00",
                }  # fmt: skip
                table.writerow(facts[name] for name in _HEADS_ALIPAY)
        text.write("#业务明细列表结束\r\n")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in (("业务明细", text.getvalue()), ("业务明细(汇总)", "#汇总\r\n")):
                archive.writestr(_Entry(f"{ALIPAY_APP}_{name}.csv"), content.encode("gbk"))
        return packed.getvalue()


class Handler(BaseHTTPRequestHandler):
    """One request, checked as strictly as the real one checks it."""

    protocol_version = "HTTP/1.1"
    institution: Institution

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        its = self.institution
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        where = urlsplit(self.path)
        if where.path in ("/pay", "/paid"):  # the payer's own browser
            number = parse_qs(where.query)["order"][0]
            if where.path == "/paid":
                its.pay(number)
            return self._send(200, its.page(number), {"Content-Type": "text/html; charset=utf-8"})
        if its.faults.out:
            return self._send(503, b"{}", {})
        time.sleep(its.faults.delay)
        with its.lock:
            status, content, headers = self._carry_out(method, body)
        if its.faults.spare > 0:
            its.faults.spare -= 1
        elif its.faults.lose > 0:
            its.faults.lose -= 1
            self.close_connection = True
            return None  # carried out, and nothing said
        return self._send(status, content, headers)

    def _carry_out(self, method: str, body: str) -> tuple[int, bytes, dict[str, str]]:
        its, where = self.institution, urlsplit(self.path)
        if where.path == "/gateway.do":
            return self._alipay(where.query or body)
        if where.path == "/bill":
            return 200, its.alipay_statement(date.fromisoformat(parse_qs(where.query)["day"][0])), {}
        try:
            self._check_wechat(method, body)
        except (InvalidSignature, KeyError, ValueError) as error:
            its.unreadable.append(type(error).__name__)
            return 401, b'{"code":"SIGN_ERROR"}', {"Content-Type": "application/json"}
        status, said = its.wechat(method, self.path, json.loads(body) if body else {})
        if isinstance(said, bytes):
            return status, said, {"Content-Type": "application/octet-stream"}
        text = json.dumps(said) if said is not None else ""
        return status, text.encode(), {"Content-Type": "application/json", **its._wechat_signed(text)}

    def _check_wechat(self, method: str, body: str) -> None:
        kind, _space, facts = self.headers["Authorization"].partition(" ")
        said = dict(one.split("=", 1) for one in facts.split(","))
        named = {name: text.strip('"') for name, text in said.items()}
        if kind != "WECHATPAY2-SHA256-RSA2048" or named["mchid"] != MERCHANT or named["serial_no"] != SERIAL:
            raise ValueError("not this merchant")
        if abs(int(named["timestamp"]) - time.time()) > 300:
            raise ValueError("old")
        text = f"{method}\n{self.path}\n{named['timestamp']}\n{named['nonce_str']}\n{body}\n"
        self.institution.verify(text, named["signature"])

    def _alipay(self, query: str) -> tuple[int, bytes, dict[str, str]]:
        its = self.institution
        said = dict(parse_qsl(query, keep_blank_values=True))
        try:
            signature = said.pop("sign")
            its.verify("&".join(f"{name}={said[name]}" for name in sorted(said)), signature)
            if said["app_id"] != ALIPAY_APP or said["sign_type"] != "RSA2":
                raise ValueError("not this merchant")
        except (InvalidSignature, KeyError, ValueError) as error:
            its.unreadable.append(type(error).__name__)
            return 200, b'{"error_response":{"code":"40002","sub_code":"isv.invalid-signature"}}', {}
        if said["method"] == "alipay.trade.wap.pay":  # the payer's own browser
            facts = json.loads(said["biz_content"])
            number, amount = facts["out_trade_no"], fen(facts["total_amount"])
            its.orders.setdefault(number, Order(number, amount, facts["subject"], said["notify_url"], "alipay"))
            return 200, its.page(number), {"Content-Type": "text/html; charset=utf-8"}
        answer = json.dumps(its.alipay(said), ensure_ascii=False, separators=(",", ":"))
        name = said["method"].replace(".", "_") + "_response"
        text = f'{{"{name}":{answer},"sign":"{its._sign(answer)}"}}'
        return 200, text.encode(), {"Content-Type": "application/json"}

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # Any: the base class's own
        """Nothing."""


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[Institution]:
    """One that serves on loopback."""
    made = Institution(folder)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Its", (Handler,), {"institution": made}))
    made.set_up(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
