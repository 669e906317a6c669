"""A payment on its way: by which institutions one can pay, what became of it, and what institutions themselves tell."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from anju.homes import spreadsheets
from anju.partners.paying import Forged
from anju.payments import actions, mine
from anju.payments.institutions import INSTITUTIONS, offered
from anju.payments.models import Payment, PaymentState, Spending, Through
from anju.people.models import person_of
from anju.privacy.refusals import Refused

log = structlog.get_logger()
router = Router(tags=["payments"])
MOST = 64_000
"""Bytes of a notification."""


class PaymentOut(Schema):
    """amount: fen. opens: the address to scan or open, while it can be paid."""

    id: UUID
    through: Through
    state: PaymentState
    amount: int
    title: str
    opens: str
    until: datetime

    @staticmethod
    def of(payment: Payment) -> "PaymentOut":
        waiting = payment.state == PaymentState.WAITING
        return PaymentOut(
            id=payment.pk,
            through=Through(payment.through),
            state=PaymentState(payment.state),
            amount=payment.amount,
            title=payment.title,
            opens=payment.opens if waiting else "",
            until=payment.until,
        )


class WayOut(Schema):
    through: Through
    title: str

    @staticmethod
    def of(through: Through) -> "WayOut":
        return WayOut(through=through, title=str(Through(through).label))


@router.get("/payments/ways", response=list[WayOut])
def ways(request: HttpRequest) -> list[WayOut]:
    """The institutions this community can be paid through; none: at the office."""
    return [WayOut.of(one) for one in offered(person_of(request.user).pk)]


def _own(request: HttpRequest, payment: UUID) -> Payment:
    found = Payment.objects.filter(pk=payment, payer=person_of(request.user).pk).first()
    if found is None:
        raise Refused("unknown_payment", _("没有找到这笔付款，请刷新页面。"), status=404)
    return found


class LineOut(Schema):
    """Fen. returned: of the amount, what was given back. declined: what the institution did not give back, and is owed still."""

    id: UUID
    title: str
    through: Through
    amount: int
    returned: int
    declined: int
    at: datetime
    category: Spending
    tags: list[str]
    note: str


class SpentOut(Schema):
    category: Spending
    amount: int


class MonthOut(Schema):
    """spent: fen, without what was given back."""

    month: date
    spent: int
    by: list[SpentOut]
    lines: list[LineOut]


class RemarkIn(Schema):
    category: Spending
    tags: list[str] = Field(max_length=10)
    note: str = Field(max_length=1000)


@router.get("/payments/months/{int:year}-{int:month}", response=MonthOut)
def months(request: HttpRequest, year: int, month: int) -> MonthOut:
    """One's own payments of a month, newest first, and what they went to."""
    found = mine.month(person_of(request.user), _first(year, month))
    lines = [LineOut(**{**asdict(one), "tags": list(one.tags)}) for one in found.lines]
    by = [SpentOut(category=key, amount=amount) for key, amount in found.by.items()]
    return MonthOut(month=found.month, spent=found.spent, by=by, lines=lines)


def _first(year: int, month: int) -> date:
    """Raises Refused."""
    try:
        if not 2000 <= year < 3000:
            raise ValueError(year)
        return date(year, month, 1)
    except ValueError as error:
        raise Refused("bad_month", _("没有这个月份。"), status=404) from error


@router.get("/payments/months/{int:year}-{int:month}.{kind}", response={200: None})
def exported(request: HttpRequest, year: int, month: int, kind: Literal["csv", "xlsx"]) -> HttpResponse:
    """The same as a table to keep."""
    found = mine.month(person_of(request.user), _first(year, month))
    content = spreadsheets.write(mine.rows(found), kind, f"{found.month:%Y-%m}")
    answer = HttpResponse(content, content_type=spreadsheets.TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="payments-{found.month:%Y-%m}.{kind}"'
    return answer


@router.put("/payments/{payment}/remark", response={204: None})
def remark(request: HttpRequest, payment: UUID, data: RemarkIn) -> Status[None]:
    """Its category, tags and a note of one's own."""
    mine.remark(person_of(request.user), payment, category=data.category, tags=data.tags, note=data.note)
    return Status(204, None)


@router.get("/payments/{payment}", response=PaymentOut)
def payment(request: HttpRequest, payment: UUID) -> PaymentOut:
    """What became of it; a page that waits asks every few seconds."""
    return PaymentOut.of(actions.look(_own(request, payment)))


@router.post("/payments/{payment}/cancel", response=PaymentOut)
def cancel(request: HttpRequest, payment: UUID) -> PaymentOut:
    """Nobody can pay it any more."""
    return PaymentOut.of(actions.cancel(_own(request, payment)))


@router.post("/payments/heard/{through}", auth=None, include_in_schema=False)
def heard(request: HttpRequest, through: Through) -> HttpResponse:
    """An institution tells what became of an order. Only what it has signed is taken; said twice, it is booked once."""
    body = request.body
    try:
        if len(body) > MOST:
            raise Forged("too long")
        outcome = INSTITUTIONS[through].heard({name.lower(): text for name, text in request.headers.items()}, body)
    except Forged as error:
        log.warning("payment_forged", through=through, why=str(error))
        return _said(through, taken=False, status=401)
    settled = actions.settle_refund(through, outcome) if outcome.refund else actions.settle(through, outcome)
    return _said(through, taken=settled is not None, status=200 if settled is not None else 404)


def _said(through: Through, *, taken: bool, status: int) -> HttpResponse:
    """In the institution's own words."""
    if through == Through.ALIPAY:
        return HttpResponse("success" if taken else "failure", content_type="text/plain", status=status)
    if through == Through.UNIONPAY:  # which looks at the status alone
        return HttpResponse("ok" if taken else "", content_type="text/plain", status=status)
    words = {"code": "SUCCESS"} if taken else {"code": "FAIL", "message": "not taken"}
    return JsonResponse(words, status=status)
