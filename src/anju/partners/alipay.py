"""Alipay's open platform: requests and answers signed with RSA2. By the library python-alipay-sdk; this file says what is asked.

Set up by ANJU_ALIPAY_APPID, _KEY (our private key, a PEM file) and _PUBLIC_KEY (Alipay's, a PEM file).
"""

import csv
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from django.utils.translation import gettext_lazy

from anju.partners.paying import (
    CHINA,
    Forged,
    Line,
    Order,
    Outcome,
    Shown,
    State,
    declined,
    fen,
    require_signature,
    yuan,
)
from anju.partners.purposes import PAYING
from anju.privacy import egress, gateway
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient

FILES = "dwbillcenter.alipay.com"
"""Where daily statements lie."""
_STATES = {
    "WAIT_BUYER_PAY": State.WAITING,
    "TRADE_SUCCESS": State.DONE,
    "TRADE_FINISHED": State.DONE,
    "TRADE_CLOSED": State.CLOSED,
}
_GONE = "ACQ.TRADE_NOT_EXIST"
Answer = dict[str, Any]  # Any: JSON


def address() -> str | None:
    """Where it is reached; None while it is not set up."""
    if not os.environ.get("ANJU_ALIPAY_APPID"):
        return None
    return os.environ.get("ANJU_ALIPAY_URL", "https://openapi.alipay.com/gateway.do")


ALIPAY = Recipient(
    code="alipay",
    title=gettext_lazy("支付宝"),
    company=gettext_lazy("支付宝（中国）网络技术有限公司"),
    purpose=PAYING,
    fields={"order": Category.PAYMENT, "amount": Category.PAYMENT, "title": Category.PAYMENT},
    why=gettext_lazy("收取您选择用支付宝支付的款项、查询结果和退款"),
    link="https://render.alipay.com/p/c/k2cx0tg8",
    address=address,
    hosts=lambda: (FILES,) if address() else (),
)


@cache
def _client(url: str, app: str) -> AliPay:
    made = AliPay(
        appid=app,
        app_private_key_string=Path(os.environ["ANJU_ALIPAY_KEY"]).read_text(),
        alipay_public_key_string=Path(os.environ["ANJU_ALIPAY_PUBLIC_KEY"]).read_text(),
    )
    made._gateway = url
    return made


@dataclass(frozen=True)
class AlipayInstitution:
    """Alipay as one of the institutions."""

    recipient: Recipient = ALIPAY
    ahead: timedelta = timedelta()

    def _ask(
        self, payer: UUID, method: str, values: Mapping[str, str], facts: Answer, notify: str | None = None
    ) -> Answer:
        """Returns the answer, whatever its code. Raises NotDelivered when there is none that is theirs."""
        more = {"notify_url": notify} if notify else {}
        send = lambda url, _values: answer(_client(url, _app()), method, facts, **more)  # noqa: E731  what `share` takes
        return gateway.share(self.recipient, payer, values, send, ends=notify is None)

    def create(self, payer: UUID, order: Order) -> str:
        values = {"order": order.number, "amount": str(order.amount), "title": order.title}
        facts = {
            "out_trade_no": order.number,
            "total_amount": yuan(order.amount),
            "subject": order.title,
            "time_expire": order.until.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        }
        if order.shown is Shown.PAGE:  # the payer's own browser takes the signed order there
            facts["product_code"] = "QUICK_WAP_WAY"
            signed = lambda url, _values: (  # noqa: E731  what `share` hands over
                url + "?" + _client(url, _app()).client_api("alipay.trade.wap.pay", facts, notify_url=order.notify)
            )
            return gateway.share(self.recipient, payer, values, signed)
        said = self._ask(payer, "alipay.trade.precreate", values, facts, order.notify)
        if said.get("code") != "10000":
            raise declined(self.recipient, code_of(said))
        return str(said["qr_code"])

    def query(self, payer: UUID, number: str) -> Outcome:
        said = self._ask(payer, "alipay.trade.query", {"order": number}, {"out_trade_no": number})
        if said.get("sub_code") == _GONE:
            return Outcome(number, State.UNKNOWN)
        if said.get("code") != "10000":
            raise declined(self.recipient, code_of(said))
        return _order(said)

    def close(self, payer: UUID, number: str, until: datetime) -> None:
        del until
        said = self._ask(payer, "alipay.trade.close", {"order": number}, {"out_trade_no": number})
        if said.get("code") != "10000" and said.get("sub_code") != _GONE:
            raise declined(self.recipient, code_of(said))

    def refund(self, payer: UUID, number: str, refund: str, amount: int, total: int) -> Outcome:
        del total
        facts = {"out_trade_no": number, "out_request_no": refund, "refund_amount": yuan(amount)}
        said = self._ask(payer, "alipay.trade.refund", {"order": number, "amount": str(amount)}, facts)
        if said.get("code") != "10000":
            raise declined(self.recipient, code_of(said))
        return self.query_refund(payer, number, refund)  # `fund_change` alone does not say of which request

    def query_refund(self, payer: UUID, number: str, refund: str) -> Outcome:
        facts = {"out_trade_no": number, "out_request_no": refund}
        said = self._ask(payer, "alipay.trade.fastpay.refund.query", {"order": number}, facts)
        if said.get("code") != "10000" and said.get("sub_code") != _GONE:
            raise declined(self.recipient, code_of(said))
        if "refund_amount" not in said:
            return Outcome(number, State.UNKNOWN, refund=refund)
        done = said.get("refund_status") == "REFUND_SUCCESS"
        theirs = str(said.get("trade_no", ""))
        return Outcome(number, State.DONE if done else State.WAITING, fen(said["refund_amount"]), theirs, refund=refund)

    def heard(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        del headers
        if (url := address()) is None:
            raise Forged("not set up")
        try:
            said = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            signature = said.pop("sign")
            require_signature(signature)
            if not _client(url, _app()).verify(said, signature):  # takes sign_type out
                raise Forged("signature")
        except Forged:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is that cannot be read is not theirs
            raise Forged(type(error).__name__) from None
        if said.get("app_id") != _app():
            raise Forged("another merchant")
        return _order(said)

    def statement(self, day: date) -> list[Line]:
        def get(url: str) -> list[Line]:
            facts = {"bill_type": "trade", "bill_date": day.isoformat()}
            said = answer(_client(url, _app()), "alipay.data.dataservice.bill.downloadurl.query", facts)
            if said.get("sub_code") == "isp.bill_not_exist":
                return []
            if said.get("code") != "10000":
                raise OSError(code_of(said))
            return _lines(_file(said["bill_download_url"], url))

        return gateway.fetch(self.recipient, get)


def _app() -> str:
    return os.environ["ANJU_ALIPAY_APPID"]


def code_of(said: Answer) -> str:
    """What it says when it declines."""
    return str(said.get("sub_code") or said.get("code"))


def answer(client: AliPay, method: str, facts: Answer, **more: str) -> Answer:
    """What the platform says when it is asked this. Raises OSError when it is not signed by them."""
    try:
        return dict(client.server_api(method, facts, **more))
    except AliPayValidationError:
        raise OSError("signature") from None
    except AliPayException as error:  # nothing was signed: the gateway itself declined
        raise OSError(f"code {error.code}") from None
    except (ValueError, AttributeError) as error:  # not the JSON that was expected
        raise OSError(type(error).__name__) from None


def _order(said: Mapping[str, Any]) -> Outcome:
    paid = said.get("gmt_payment") or said.get("send_pay_date")
    return Outcome(
        str(said["out_trade_no"]),
        _STATES.get(str(said.get("trade_status")), State.WAITING),
        fen(said["total_amount"]) if said.get("total_amount") else None,
        str(said.get("trade_no", "")),
        datetime.strptime(paid, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) if paid else None,
    )


def _file(where: str, url: str) -> bytes:
    """A day's file, from where such files lie. Raises OSError."""
    parts = urlsplit(where)
    if parts.netloc not in (FILES, urlsplit(url).netloc):
        raise OSError("a statement elsewhere")
    try:
        with egress.allowing(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)):
            file = httpx.get(where, timeout=30, trust_env=False)
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from None
    if file.status_code != 200:
        raise OSError(f"HTTP {file.status_code}")
    return file.content


def _lines(packed: bytes) -> list[Line]:
    """The day's orders: a GBK table in a zip file, with remarks that begin with #. Raises OSError."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            [name] = [one for one in archive.infolist() if "汇总" not in _name(one)]
            text = archive.read(name).decode("gbk")
    except (zipfile.BadZipFile, ValueError) as error:
        raise OSError("a statement that cannot be read") from error
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row and not row[0].startswith("#")
    ]
    if not rows:
        raise OSError("a statement that cannot be read")
    at = {title: number for number, title in enumerate(rows[0])}
    found = []
    for row in rows[1:]:
        back = row[at["业务类型"]] == "退款"
        amount = abs(fen(row[at["订单金额（元）"]]))
        refund = row[at["退款批次号/请求号"]] if back else ""
        fee = -fen(row[at["服务费（元）"]] or "0")
        found.append(Line(row[at["商户订单号"]], row[at["支付宝交易号"]], amount, fee, refund))
    return found


def _name(entry: zipfile.ZipInfo) -> str:
    """Alipay names entries in GBK without saying so; zip readers take that for cp437."""
    return entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode("gbk")
