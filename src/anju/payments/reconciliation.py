"""A day's statement of an institution against our own books."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from anju.partners.paying import CHINA, Line, Outcome, State
from anju.payments import actions
from anju.payments.institutions import INSTITUTIONS
from anju.payments.models import Difference, Payment, PaymentState, Refund, RefundState, Statement, Through
from anju.privacy import scope

NEAR_MIDNIGHT = timedelta(minutes=5)
Key = tuple[str, str]
"""An order's number and a refund's, ours; the second is empty for a payment."""


def compare(through: Through, day: date) -> Statement:
    """Fetch the statement of a day and queue what differs. Said again, it clears what has come right since. Raises NotDelivered, Refused."""
    lines = _named(INSTITUTIONS[through].statement(day))
    _catch_up(through, day, lines)
    with scope.platform(), transaction.atomic():
        return _compare(through, day, lines)


def _named(lines: list[Line]) -> list[Line]:
    """Refunds that an institution names alone, with the orders that they belong to."""
    alone = [one.refund for one in lines if one.refund and not one.number]
    with scope.platform():
        orders = dict(Refund.objects.filter(number__in=alone).values_list("number", "payment__number"))
    return [one if one.number else replace(one, number=orders.get(one.refund, "")) for one in lines]


def _span(through: Through, day: date) -> tuple[datetime, datetime]:
    """When a day of this institution's statements begins and ends."""
    begin = datetime.combine(day, time(), CHINA) - INSTITUTIONS[through].ahead
    return begin, begin + timedelta(days=1)


def _catch_up(through: Through, day: date, lines: list[Line]) -> None:
    """What was paid without our having heard of it is booked now, as of that day."""
    at = _span(through, day)[1] - datetime.resolution
    with scope.platform():
        numbers = {one.number for one in lines if not one.refund}
        unheard = Payment.objects.filter(through=through, number__in=numbers).exclude(state=PaymentState.PAID)
        waiting = set(unheard.values_list("number", flat=True))
        refunds = Refund.objects.filter(
            number__in={one.refund for one in lines if one.refund}, payment__through=through
        )
        sent = set(refunds.exclude(state=RefundState.DONE).values_list("number", flat=True))
    for one in lines:
        if not one.refund and one.number in waiting:
            actions.settle(through, Outcome(one.number, State.DONE, one.amount, one.theirs, at))
        elif one.refund in sent:
            actions.settle_refund(through, Outcome(one.number, State.DONE, one.amount, one.theirs, at, one.refund))


@dataclass(frozen=True)
class Booked:
    """One of our orders or refunds. amount: fen. at: when it was paid or given back."""

    amount: int
    at: datetime


def _booked(paid: QuerySet[Payment], back: QuerySet[Refund]) -> dict[Key, Booked]:
    """What has been booked of these."""
    payments = paid.filter(state=PaymentState.PAID).values_list("number", "amount", "paid_at")
    refunds = back.filter(state=RefundState.DONE).values_list("payment__number", "number", "amount", "done_at")
    found: dict[Key, Booked] = {(number, ""): Booked(amount, at) for number, amount, at in payments if at}
    return found | {(one, two): Booked(amount, at) for one, two, amount, at in refunds if at}


def _ours(through: Through, begin: datetime, end: datetime) -> dict[Key, Booked]:
    """What we have booked as of a day."""
    return _booked(
        Payment.objects.filter(through=through, paid_at__range=(begin, end)),
        Refund.objects.filter(payment__through=through, done_at__range=(begin, end)),
    )


def _known(through: Through, keys: list[Key]) -> dict[Key, Booked]:
    """What we have booked of these, on whichever day: institutions' clocks and ours part at midnight."""
    numbers, refunds = [one for one, two in keys if not two], [two for _one, two in keys if two]
    return _booked(
        Payment.objects.filter(through=through, number__in=numbers),
        Refund.objects.filter(payment__through=through, number__in=refunds),
    )


def _compare(through: Through, day: date, lines: list[Line]) -> Statement:
    theirs: dict[Key, int] = {}
    for one in lines:
        theirs[one.number, one.refund] = theirs.get((one.number, one.refund), 0) + one.amount
    begin, end = _span(through, day)
    ours = _ours(through, begin, end)
    known = ours | _known(through, [key for key in theirs if key not in ours])
    differing: dict[Key, tuple[Difference.Kind, int | None, int | None]] = {}
    for key, amount in theirs.items():
        if (mine := known.get(key)) is None:
            differing[key] = (Difference.Kind.ONLY_THEIRS, None, amount)
        elif mine.amount != amount:
            differing[key] = (Difference.Kind.AMOUNT, mine.amount, amount)
    for key, mine in ours.items():
        # So near midnight it may stand on the statement of the day before or after.
        if key not in theirs and min(mine.at - begin, end - mine.at) >= NEAR_MIDNIGHT:
            differing[key] = (Difference.Kind.ONLY_OURS, mine.amount, None)
    _queue(through, day, differing)
    facts = {
        "lines": len(lines),
        "received": sum(one.amount for one in lines if not one.refund),
        "returned": sum(one.amount for one in lines if one.refund),
        "fees": sum(one.fee for one in lines),
        "compared_at": timezone.now(),
    }
    return Statement.objects.update_or_create(through=through, day=day, defaults=facts)[0]


def _queue(through: Through, day: date, differing: dict[Key, tuple[Difference.Kind, int | None, int | None]]) -> None:
    rows = Difference.objects.filter(through=through, day=day, cleared_at__isnull=True)
    known = {(one.number, one.refund): one for one in rows}
    came_right = [one.pk for key, one in known.items() if key not in differing]
    Difference.objects.filter(pk__in=came_right).update(cleared_at=timezone.now(), note="matched")
    orders = Payment.objects.filter(through=through, number__in={number for number, _refund in differing})
    communities = dict(orders.values_list("number", "community"))
    Difference.objects.bulk_create(
        [
            Difference(
                community_id=communities.get(number),
                through=through,
                day=day,
                number=number,
                refund=refund,
                kind=kind,
                ours=ours,
                theirs=theirs,
            )
            for (number, refund), (kind, ours, theirs) in differing.items()
            if (number, refund) not in known
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )
