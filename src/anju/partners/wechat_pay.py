"""WeChat Pay, API v3: signed with RSA, notifications sealed with AES-GCM. By the library wechatpayv3; this file says what is asked.

Set up by ANJU_WECHAT_PAY_MCHID, _APPID, _SERIAL (of our certificate), _KEY (our private key, a PEM file), _APIV3_KEY (32 characters),
_PUBLIC_KEY (WeChat Pay's public key, a PEM file) and _PUBLIC_KEY_ID.
"""

import csv
import gzip
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext_lazy
from wechatpayv3 import WeChatPay, WeChatPayType

from anju.partners.paying import CHINA, Forged, Line, Order, Outcome, Shown, State, declined, fen, require_signature
from anju.partners.purposes import PAYING
from anju.privacy import gateway
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient

SECONDS = (3, 10)
OLD = 300
"""Seconds after which a notification is not taken any more."""
_STATES = {
    "SUCCESS": State.DONE,
    "REFUND": State.DONE,
    "NOTPAY": State.WAITING,
    "USERPAYING": State.WAITING,
    "CLOSED": State.CLOSED,
    "REVOKED": State.CLOSED,
    "PAYERROR": State.CLOSED,
}
_REFUNDS = {"SUCCESS": State.DONE, "PROCESSING": State.WAITING, "CLOSED": State.CLOSED, "ABNORMAL": State.CLOSED}


def address() -> str | None:
    """Where it is reached; None while it is not set up."""
    if not os.environ.get("ANJU_WECHAT_PAY_MCHID"):
        return None
    return os.environ.get("ANJU_WECHAT_PAY_URL", "https://api.mch.weixin.qq.com")


WECHAT_PAY = Recipient(
    code="wechat_pay",
    title=gettext_lazy("微信支付"),
    company=gettext_lazy("财付通支付科技有限公司"),
    purpose=PAYING,
    fields={"order": Category.PAYMENT, "amount": Category.PAYMENT, "title": Category.PAYMENT, "ip": Category.NETWORK},
    why=gettext_lazy("收取您选择用微信支付的款项、查询结果和退款"),
    link="https://www.tenpay.com/v3/helpcenter/low/privacy.shtml",
    address=address,
)


@cache
def _client(url: str, merchant: str) -> WeChatPay:
    """One merchant's. The library keeps no connection."""
    made = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=merchant,
        private_key=Path(os.environ["ANJU_WECHAT_PAY_KEY"]).read_text(),
        cert_serial_no=os.environ["ANJU_WECHAT_PAY_SERIAL"],
        apiv3_key=os.environ["ANJU_WECHAT_PAY_APIV3_KEY"],
        appid=os.environ["ANJU_WECHAT_PAY_APPID"],
        public_key=Path(os.environ["ANJU_WECHAT_PAY_PUBLIC_KEY"]).read_text(),
        public_key_id=os.environ["ANJU_WECHAT_PAY_PUBLIC_KEY_ID"],
        timeout=SECONDS,
    )
    made._core._gate_way = url
    return made


Answer = dict[str, Any]  # Any: JSON


@dataclass(frozen=True)
class WeChatPayInstitution:
    """WeChat Pay as one of the institutions."""

    recipient: Recipient = WECHAT_PAY
    ahead: timedelta = timedelta()

    def _ask(
        self, payer: UUID, values: Mapping[str, str], ask: Callable[[WeChatPay], tuple[int, Any]]
    ) -> tuple[int, Answer]:
        """Returns the HTTP status and the answer. Raises NotDelivered when there is none that is theirs."""

        def send(url: str, _values: Mapping[str, str]) -> tuple[int, Answer]:
            try:
                status, text = ask(_client(url, os.environ["ANJU_WECHAT_PAY_MCHID"]))
                said: Answer = json.loads(text) if text else {}
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  the library raises nothing narrower for an answer not signed by them
                raise OSError(type(error).__name__) from None
            if status >= 500 or status == 429:
                raise OSError(f"HTTP {status}")
            return status, said

        return gateway.share(self.recipient, payer, values, send, ends="title" not in values)

    def create(self, payer: UUID, order: Order) -> str:
        values = {"order": order.number, "amount": str(order.amount), "title": order.title}
        facts: Answer = {
            "description": order.title,
            "out_trade_no": order.number,
            "amount": {"total": order.amount, "currency": "CNY"},
            "time_expire": order.until.astimezone(CHINA).isoformat(timespec="seconds"),
            "notify_url": order.notify,
        }
        if order.shown is Shown.PAGE:
            values["ip"] = order.address
            facts["scene_info"] = {"payer_client_ip": order.address, "h5_info": {"type": "Wap"}}
            facts["pay_type"] = WeChatPayType.H5
        status, said = self._ask(payer, values, lambda client: client.pay(**facts))
        shown = said.get("h5_url" if order.shown is Shown.PAGE else "code_url")
        if status != 200 or not shown:
            raise declined(self.recipient, str(said.get("code", status)))
        return str(shown)

    def query(self, payer: UUID, number: str) -> Outcome:
        status, said = self._ask(payer, {"order": number}, lambda client: client.query(out_trade_no=number))
        if status == 404:
            return Outcome(number, State.UNKNOWN)
        if status != 200:
            raise declined(self.recipient, str(said.get("code", status)))
        return _order(said)

    def close(self, payer: UUID, number: str, until: datetime) -> None:
        del until
        status, said = self._ask(payer, {"order": number}, lambda client: client.close(out_trade_no=number))
        if status not in (204, 404):
            raise declined(self.recipient, str(said.get("code", status)))

    def refund(self, payer: UUID, number: str, refund: str, amount: int, total: int) -> Outcome:
        facts = {"refund": amount, "total": total, "currency": "CNY"}
        status, said = self._ask(
            payer,
            {"order": number, "amount": str(amount)},
            lambda client: client.refund(out_refund_no=refund, out_trade_no=number, amount=facts),
        )
        if status != 200:
            raise declined(self.recipient, str(said.get("code", status)))
        return _refund(said)

    def query_refund(self, payer: UUID, number: str, refund: str) -> Outcome:
        status, said = self._ask(payer, {"order": number}, lambda client: client.query_refund(out_refund_no=refund))
        if status == 404:
            return Outcome(number, State.UNKNOWN, refund=refund)
        if status != 200:
            raise declined(self.recipient, str(said.get("code", status)))
        return _refund(said)

    def heard(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        if (url := address()) is None:
            raise Forged("not set up")
        require_signature(headers.get("wechatpay-signature", ""))
        try:
            if abs(time.time() - int(headers.get("wechatpay-timestamp", "0"))) > OLD:
                raise Forged("old")
            said = _client(url, os.environ["ANJU_WECHAT_PAY_MCHID"]).callback(dict(headers), body)
        except Forged:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is that cannot be read is not theirs
            raise Forged(type(error).__name__) from None
        if not said:
            raise Forged("signature")
        facts = said["resource"]
        if facts.get("mchid") != os.environ["ANJU_WECHAT_PAY_MCHID"]:
            raise Forged("another merchant")
        return _refund(facts) if "out_refund_no" in facts else _order(facts)

    def statement(self, day: date) -> list[Line]:
        def get(url: str) -> list[Line]:
            client = _client(url, os.environ["ANJU_WECHAT_PAY_MCHID"])
            status, text = client.trade_bill(bill_date=day.isoformat(), bill_type="ALL", tar_type="GZIP")
            said = json.loads(text)
            if status != 200:
                if said.get("code") == "NO_STATEMENT_EXIST":
                    return []
                raise OSError(f"HTTP {status}")
            if urlsplit(said["download_url"]).netloc != urlsplit(url).netloc:
                raise OSError("a statement elsewhere")
            status, content = client.download_bill(said["download_url"])
            if status != 200:
                raise OSError(f"HTTP {status}")
            plain = gzip.decompress(content)
            if hashlib.sha1(plain, usedforsecurity=False).hexdigest() != said["hash_value"].lower():
                raise OSError("a statement that was cut short")
            return _lines(plain.decode("utf-8-sig"))

        return gateway.fetch(self.recipient, get)


def _order(said: Mapping[str, Any]) -> Outcome:
    state = _STATES.get(str(said.get("trade_state")), State.WAITING)
    amount = (said.get("amount") or {}).get("total")
    return Outcome(
        str(said["out_trade_no"]),
        state,
        int(amount) if amount is not None else None,
        str(said.get("transaction_id") or ""),
        _time(said.get("success_time")),
    )


def _refund(said: Mapping[str, Any]) -> Outcome:
    state = _REFUNDS.get(str(said.get("status") or said.get("refund_status")), State.WAITING)
    amount = (said.get("amount") or {}).get("refund")
    return Outcome(
        str(said["out_trade_no"]),
        state,
        int(amount) if amount is not None else None,
        str(said.get("refund_id") or ""),
        _time(said.get("success_time")),
        str(said["out_refund_no"]),
    )


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _lines(text: str) -> list[Line]:
    """The day's orders. Every value begins with a backtick; the last two rows are sums."""
    rows = list(csv.reader(text.replace("`", "").splitlines()))
    if len(rows) < 3:
        raise OSError("a statement that cannot be read")
    at = {name.strip("\ufeff"): number for number, name in enumerate(rows[0])}
    found = []
    for row in rows[1:-2]:
        back = row[at["交易状态"]] == "REFUND"
        amount = row[at["申请退款金额"]] if back else row[at["订单金额"]]
        found.append(
            Line(
                row[at["商户订单号"]],
                row[at["微信退款单号"]] if back else row[at["微信订单号"]],
                fen(amount),
                fen(row[at["手续费"]]),
                row[at["商户退款单号"]] if back else "",
            )
        )
    if len(found) != int(rows[-1][0]):
        raise OSError("a statement cut short")
    return found
