"""What holds for readings however they come: what a number is, and up to which one homes have been billed."""

from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from uuid import UUID

from django.db.models import QuerySet

from anju.billing.models import Bill, Reading

LARGEST = Decimal(10**9)


def parsed(text: str) -> Decimal | None:
    """A reading as it is written; None: it is none."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < LARGEST else None


class Contradiction(Enum):
    """A meter does not run backwards."""

    BELOW_BEFORE = 1
    ABOVE_AFTER = 2


def contradicts(value: Decimal, before: Reading | None, after: Reading | None) -> Contradiction | None:
    """Whether a reading cannot be between these two of its meter. A new meter begins anew."""
    if before is not None and value < before.value:
        return Contradiction.BELOW_BEFORE
    if after is not None and not after.start and value > after.value:
        return Contradiction.ABOVE_AFTER
    return None


def counted_to(bills: QuerySet[Bill]) -> dict[UUID, date]:
    """For each home of these bills, the day of the last reading that stands in one of them."""
    by_meter = bills.filter(detail__has_key="read").order_by("period")
    return {home: date.fromisoformat(day) for home, day in by_meter.values_list("home", "detail__read")}
