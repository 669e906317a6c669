"""Who owes what for how long."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from anju.billing import owing
from anju.billing.models import Bill, BillState, Receipt
from anju.homes.models import Home

SHOWN = 300


@dataclass(frozen=True)
class Arrear:
    """One home. Fen. oldest: the first due date that has passed."""

    home: Home
    bills: int
    owed: int
    oldest: date


def overdue(communities: Collection[UUID], day: date) -> list[Arrear]:
    """Homes with bills past their day, those with the oldest first."""
    rows = Bill.objects.filter(community__in=communities, state=BillState.ISSUED, due__lt=day)
    found: dict[UUID, list[Bill]] = {}
    for bill in rows.select_related("item", "home__unit__building").order_by("due"):
        found.setdefault(bill.home_id, []).append(bill)
    return [
        Arrear(
            bills[0].home,
            len(bills),
            sum(owing.owed(one, day).total for one in bills),
            bills[0].due or day,
        )
        for bills in list(found.values())[:SHOWN]
    ]


@dataclass(frozen=True)
class Month:
    """Of a month's bills: asked for, and paid by now. Fen."""

    month: date
    asked: int
    paid: int

    @property
    def share(self) -> int:
        """Per cent."""
        return self.paid * 100 // self.asked if self.asked else 0


def by_month(communities: Collection[UUID], months: int = 12) -> list[Month]:
    rows = (
        Bill.objects.filter(community__in=communities, state__in=(BillState.ISSUED, BillState.PAID))
        .annotate(month=TruncMonth("period"))
        .values("month")
        .annotate(asked=Sum("amount"), done=Sum("paid"))
        .order_by("-month")[:months]
    )
    return [Month(one["month"], one["asked"], one["done"]) for one in rows]


def open_of(home: Home) -> QuerySet[Bill]:
    rows = Bill.objects.filter(home=home, state=BillState.ISSUED)
    return rows.select_related("item").order_by("due", "period")


def latest_receipts(communities: Collection[UUID]) -> QuerySet[Receipt]:
    return Receipt.objects.filter(community__in=communities).select_related("home__unit__building").order_by("-at")
