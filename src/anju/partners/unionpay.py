"""UnionPay (全渠道, ACP 5.1.0): forms out, `k=v&k=v` back, everything signed by certificates (unionpay_signatures.py).

Set up by ANJU_UNIONPAY_MERID (15 digits), _KEY (our .pfx file), _KEY_PASSWORD (a file with its password), _ROOT and _MIDDLE (UnionPay's
certificates, PEM files). _URL and _FILES_URL: elsewhere than its production, such as its test environment.

An order is known by its number and the second it was made in. Both stand in ours, which is a UUIDv7: nothing more has to be kept.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.partners import unionpay_statement
from anju.partners.paying import CHINA, Forged, Line, Order, Outcome, State, declined
from anju.partners.purposes import PAYING
from anju.partners.unionpay_signatures import NAME, TEST_NAME, Fields, Signer, Trust
from anju.privacy import egress, gateway
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient
from anju.privacy.refusals import Refused

SECONDS = 10
_MOMENT = "%Y%m%d%H%M%S"
_DONE = ("00", "A6")
"""A6: done, with something that UnionPay still puts right itself."""
_GONE = "34"
_UNSURE = ("03", "04", "05")
"""Taken in, or lost on the way: only asking tells."""
_AGAIN = "12"
_NO_FILE = "98"
_LATE = timedelta(minutes=2)
"""How long after an order's end a payment that was begun in time may still come."""
_GIVEN_UP = timedelta(hours=1)
"""After its end, an order that a bank still says nothing of is closed here; were it paid after all, that would be booked."""


def address() -> str | None:
    """Where it is reached; None while it is not set up."""
    if not os.environ.get("ANJU_UNIONPAY_MERID"):
        return None
    return os.environ.get("ANJU_UNIONPAY_URL", "https://gateway.95516.com/gateway/api")


def files_address() -> str:
    """Where statements lie."""
    return os.environ.get("ANJU_UNIONPAY_FILES_URL", "https://filedownload.95516.com/")


def _files_place() -> tuple[str, int]:
    parts = urlsplit(files_address())
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


UNIONPAY = Recipient(
    code="unionpay",
    title=gettext_lazy("云闪付"),
    company=gettext_lazy("中国银联股份有限公司"),
    purpose=PAYING,
    fields={"order": Category.PAYMENT, "amount": Category.PAYMENT},
    why=gettext_lazy("收取您选择用云闪付支付的款项、查询结果和退款"),
    link="https://wallet.95516.com/s/wl//WebAPP/helpAgree/page/agreement/regPrivacy.html",
    address=address,
    hosts=lambda: ("{}:{}".format(*_files_place()),) if address() else (),
)


def merchant() -> str:
    return os.environ["ANJU_UNIONPAY_MERID"]


@cache
def _signer(merchant: str) -> Signer:
    """This merchant's."""
    del merchant
    password = Path(os.environ["ANJU_UNIONPAY_KEY_PASSWORD"]).read_text().strip()
    return Signer.read(Path(os.environ["ANJU_UNIONPAY_KEY"]).read_bytes(), password.encode())


@cache
def _trust(url: str) -> Trust:
    """Whom we believe there."""
    testing = (urlsplit(url).hostname or "").endswith(".test.95516.com")
    roots, middles = (Path(os.environ[f"ANJU_UNIONPAY_{one}"]).read_bytes() for one in ("ROOT", "MIDDLE"))
    return Trust.read(roots, middles, TEST_NAME if testing else NAME)


def _post(url: str, base: str, facts: Fields) -> dict[str, str]:
    """Ask, and read an answer that UnionPay has signed for us. base: its address, where its certificates belong to. Raises OSError."""
    common = {"version": "5.1.0", "encoding": "UTF-8", "accessType": "0", "bizType": "000000", "merId": merchant()}
    try:
        form = _signer(merchant()).sign({**common, **facts})
        answer = httpx.post(url, data=form, timeout=SECONDS, trust_env=False)
        if answer.status_code != 200:
            raise OSError(f"HTTP {answer.status_code}")
        said = _read(answer.content.decode())
        _trust(base).require(said)
    except (httpx.HTTPError, ValueError) as error:  # Forged is one
        raise OSError(type(error).__name__) from None
    if any(said[name] != form[name] for name in ("merId", "orderId") if name in form and name in said):
        raise OSError("an answer to something else")
    return said


def _read(text: str) -> dict[str, str]:
    """`k=v&k=v` as it is, not encoded; an & inside of brackets belongs to the value. Raises ValueError."""
    pairs: list[str] = []
    for piece in text.split("&"):
        if pairs and any(pairs[-1].count(one) > pairs[-1].count(two) for one, two in ("{}", "[]")):
            pairs[-1] += "&" + piece
        else:
            pairs.append(piece)
    return _once([(name, value) for name, _equals, value in (one.partition("=") for one in pairs)])


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Raises ValueError when a name stands there twice."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a field twice")
    return found


@dataclass(frozen=True)
class UnionPayInstitution:
    """UnionPay as one of the institutions.

    It always gives a QR code (申请消费二维码). On a phone its address is opened instead of scanned and leads to UnionPay's own page:
    the other product, whose page wants a form that the payer's browser posts, would be a second contract for the same order.
    """

    recipient: Recipient = UNIONPAY
    ahead: timedelta = timedelta(hours=1)
    """A day of its settlement begins at eleven in the evening before."""

    def _ask(self, payer: UUID, service: str, values: Fields, facts: Fields, *, begins: bool = False) -> dict[str, str]:
        """Raises NotDelivered when there is no answer that is theirs."""
        send = lambda url, _values: _post(f"{url}/{service}.do", url, facts)  # noqa: E731  what `share` takes
        return gateway.share(self.recipient, payer, values, send, ends=not begins)

    def create(self, payer: UUID, order: Order) -> str:
        facts = {
            "txnType": "01",
            "txnSubType": "07",
            "channelType": "08",
            "txnAmt": str(order.amount),
            "currencyCode": "156",
            "payTimeout": order.until.astimezone(CHINA).strftime(_MOMENT),
            "backUrl": order.notify,
            **_known_by(order.number),
        }
        values = {"order": order.number, "amount": str(order.amount)}
        said = self._ask(payer, "backTransReq", values, facts, begins=True)
        if said.get("respCode") != "00" or not said.get("qrCode"):
            raise declined(self.recipient, said.get("respCode", ""))
        return said["qrCode"]

    def query(self, payer: UUID, number: str) -> Outcome:
        said = self._asked_after(payer, number, number)
        return _outcome(said, number) if said else Outcome(number, State.UNKNOWN)

    def _asked_after(self, payer: UUID, order: str, number: str) -> dict[str, str] | None:
        """What UnionPay says of an order or a refund; None: it knows of none, as of an order that nobody has begun to pay. Raises Refused."""
        facts = {"txnType": "00", "txnSubType": "00", **_known_by(number)}
        said = self._ask(payer, "queryTrans", {"order": order}, facts)
        code = said.get("respCode", "")
        if code == _GONE:
            return None
        if code not in _DONE:
            raise declined(self.recipient, code)
        return said

    def close(self, payer: UUID, number: str, until: datetime) -> None:
        """UnionPay closes no order that is waiting: it ends by itself when its time has passed. Until then this says no."""
        outcome = self.query(payer, number)
        if outcome.state is State.DONE:
            raise declined(self.recipient, "PAID")
        past = timezone.now() - until
        if past < _LATE or (outcome.state is State.WAITING and past < _GIVEN_UP):
            ends = (until + _LATE).astimezone(CHINA)
            text = _("云闪付的订单不能提前关闭。不付款就可以了，它会在 %(time)s 自动失效，不会扣款。")
            raise Refused("closes_itself", text % {"time": f"{ends:%H:%M}"}, status=409)

    def refund(self, payer: UUID, number: str, refund: str, amount: int, total: int) -> Outcome:
        del total
        paid = self.query(payer, number)
        if paid.state is not State.DONE:
            raise declined(self.recipient, "NOT_PAID")
        facts = {
            "txnType": "04",
            "txnSubType": "00",
            "channelType": "07",
            "txnAmt": str(amount),
            "origQryId": paid.theirs,
            "reqReserved": number,  # comes back with the notification and in the statement, which do not name the order
            "backUrl": f"{settings.ORIGIN}/api/v1/payments/heard/{self.recipient.code}",
            **_known_by(refund),
        }
        said = self._ask(payer, "backTransReq", {"order": number, "amount": str(amount)}, facts)
        if said.get("respCode") not in (*_DONE, *_UNSURE, _AGAIN):
            raise declined(self.recipient, said.get("respCode", ""))
        return self.query_refund(payer, number, refund)

    def query_refund(self, payer: UUID, number: str, refund: str) -> Outcome:
        said = self._asked_after(payer, number, refund)
        return _outcome(said, number, refund) if said else Outcome(number, State.UNKNOWN, refund=refund)

    def heard(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        del headers
        if (url := address()) is None:
            raise Forged("not set up")
        try:
            said = _once(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError as error:
            raise Forged("form") from error
        _trust(url).require(said)
        if said.get("merId") != merchant():
            raise Forged("another merchant")
        kind = said.get("txnType")
        # An answer to us is signed as well: it has no number of theirs for money that moved.
        if kind not in ("01", "04") or "qrCode" in said or not said.get("queryId") or not said.get("traceTime"):
            raise Forged("no notification")
        facts = {**said, "origRespCode": said.get("respCode", "")}
        try:
            if kind == "04":
                return _outcome(facts, said.get("reqReserved", ""), said["orderId"])
            return _outcome(facts, said["orderId"])
        except (LookupError, ValueError) as error:
            raise Forged("form") from error

    def statement(self, day: date) -> list[Line]:
        def get(url: str) -> list[Line]:
            now = timezone.now().astimezone(CHINA)
            facts = {
                "txnType": "76",
                "txnSubType": "01",
                "fileType": "00",
                "settleDate": f"{day:%m%d}",
                "txnTime": now.strftime(_MOMENT),
            }
            with egress.allowing(*_files_place()):
                said = _post(files_address(), url, facts)
            if said.get("respCode") == _NO_FILE:
                return []
            if said.get("respCode") != "00":
                raise OSError(said.get("respCode", ""))
            return unionpay_statement.lines(said.get("fileContent", ""))

        return gateway.fetch(self.recipient, get)


def _known_by(number: str) -> dict[str, str]:
    """What an order of this number is known by."""
    return {"orderId": number, "txnTime": _made(number).strftime(_MOMENT)}


def _made(number: str) -> datetime:
    """When a number was made: a UUIDv7 begins with its milliseconds. Raises ValueError."""
    return datetime.fromtimestamp(int(number[:12], 16) / 1000, CHINA)


def _outcome(said: Fields, number: str, refund: str = "") -> Outcome:
    """Raises ValueError."""
    code = said.get("origRespCode", "")
    state = State.DONE if code in _DONE else State.WAITING if code in _UNSURE else State.CLOSED
    yuan = said.get("currencyCode", "156") == "156"
    amount = int(said["txnAmt"]) if yuan and said.get("txnAmt") else None
    at = _moved(said["traceTime"], refund or number) if state is State.DONE and said.get("traceTime") else None
    return Outcome(number, state, amount, said.get("queryId", ""), at, refund)


def _moved(text: str, number: str) -> datetime:
    """When money moved: month to second, in the year the order was made or, where that would be before it, the next. Raises ValueError."""
    made = _made(number)
    for year in (made.year, made.year + 1):
        moved = datetime.strptime(f"{year}{text}", _MOMENT).replace(tzinfo=CHINA)
        if moved > made - timedelta(days=1):
            return moved
    raise ValueError(text)
