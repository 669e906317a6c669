"""Up to which reading homes have been billed."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from anju.billing.models import Bill


def counted_to(bills: QuerySet[Bill]) -> dict[UUID, date]:
    """For each home of these bills, the day of the last reading that stands in one of them."""
    by_meter = bills.filter(detail__has_key="read").order_by("period")
    return {home: date.fromisoformat(day) for home, day in by_meter.values_list("home", "detail__read")}
