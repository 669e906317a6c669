"""What payment institutions have in common: an order made, asked after, closed, paid back, told of and listed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from anju.privacy.gateway import Recipient
from anju.privacy.refusals import Refused

CHINA = timezone(timedelta(hours=8))
"""In whose time institutions say theirs."""
MOST = 10**15
"""Fen that an amount stays below, whoever writes it."""


class Shown(StrEnum):
    """How whoever pays gets to the institution: a QR code to scan, or a page that opens on the phone."""

    CODE = "code"
    PAGE = "page"


class State(StrEnum):
    """What an institution says of an order or a refund. UNKNOWN: it has never heard of it."""

    WAITING = "waiting"
    DONE = "done"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Order:
    """What is to be paid. number: ours, 32 characters at most. amount: fen. title: what the payer reads; never whose it is."""

    number: str
    amount: int
    title: str
    until: datetime
    notify: str
    shown: Shown = Shown.CODE
    address: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of an order or of a refund. number: ours. theirs: the institution's number. amount: fen; None where it does not say."""

    number: str
    state: State
    amount: int | None = None
    theirs: str = ""
    at: datetime | None = None
    refund: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a day's statement. number: the order's, ours; empty where the institution names a refund alone. refund: the refund's,
    ours; empty for a payment. amount, fee: fen.
    """

    number: str
    theirs: str
    amount: int
    fee: int = 0
    refund: str = ""


class Forged(ValueError):
    """Not signed by the institution, or not for us, or too old."""


class Institution(Protocol):
    """One of them. What it is asked goes through the gateway, in the name of whoever pays. Each method raises NotDelivered when it does not answer."""

    @property
    def recipient(self) -> Recipient: ...

    @property
    def ahead(self) -> timedelta:
        """How long before midnight a day of its statements begins."""

    def create(self, payer: UUID, order: Order) -> str:
        """Returns the address that the payer opens or scans. Raises Refused when the institution declines."""

    def query(self, payer: UUID, number: str) -> Outcome: ...

    def close(self, payer: UUID, number: str, until: datetime) -> None:
        """Nobody can pay it any more. until: when it ends by itself. Raises Refused when somebody has, or while it cannot be closed."""

    def refund(self, payer: UUID, number: str, refund: str, amount: int, total: int) -> Outcome: ...

    def query_refund(self, payer: UUID, number: str, refund: str) -> Outcome: ...

    def heard(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What a notification says. Raises Forged."""

    def statement(self, day: date) -> list[Line]: ...


def require_signature(text: str) -> None:
    """Base64 as it is written, and nothing beside it: decoders pass over what does not belong there. Raises Forged."""
    try:
        plain = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Forged("signature") from error
    if base64.b64encode(plain).decode() != text:
        raise Forged("signature")


def declined(recipient: Recipient, code: str) -> Refused:
    """The institution says no. code: its own word."""
    text = _("%(institution)s没有受理：%(code)s。请换一种支付方式，或稍后再试。")
    return Refused("payment_declined", text % {"institution": recipient.title, "code": code}, status=409)


def fen(yuan: str) -> int:
    """`12.30` -> 1230. Raises ValueError."""
    try:
        amount = Decimal(yuan.strip()) * 100
        held = abs(amount) < MOST
    except ArithmeticError as error:  # `nan` is not even compared
        raise ValueError("not an amount") from error
    if not held:
        raise ValueError("too much")
    if amount != amount.to_integral_value():
        raise ValueError("parts of a fen")
    return int(amount)


def yuan(amount: int) -> str:
    """1230 -> `12.30`"""
    return f"{amount // 100}.{amount % 100:02}"
