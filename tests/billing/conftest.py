"""A community with homes, prices, and staff at the desk."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from django.utils import timezone

from anju.billing import runs
from anju.billing.models import Basis, Bill, FeeItem, Run, Tariff
from anju.homes.models import Community, Duty, Home, StaffRole
from anju.partners.purposes import PAYING
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.payments.conftest import institution as institution
from tests.payments.conftest import running as running

T = TypeVar("T")
PERIOD = date(2026, 10, 1)


@pytest.fixture
def manager(community: Community) -> Person:
    return factories.staff(community, Duty.MANAGER)


@pytest.fixture
def cashier_(community: Community) -> Person:
    return factories.staff(community, Duty.CASHIER)


@pytest.fixture
def home(community: Community) -> Home:
    return place(community, "1201", "89.50")


@pytest.fixture
def owner(home: Home) -> Person:
    """Who has lived there for a while and may pay online."""
    who = factories.person((PAYING,))
    factories.member(who, home, since=timezone.now() - timedelta(days=400))
    return who


def as_(staff: Person, do: Callable[..., T], *asked: Any, **more: Any) -> T:  # Any: whatever `do` takes
    """Have a member of staff do something, in the scope that the console gives them."""
    with scope.platform():
        communities = list(StaffRole.objects.filter(person=staff).values_list("community", flat=True))
    with scope.person(staff.pk, communities):
        return do(staff, *asked, **more)


def place(community: Community, room: str, area: str | None) -> Home:
    made = factories.home(community, room)
    with scope.platform():
        Home.objects.filter(pk=made.pk).update(area=Decimal(area) if area else None)
        made.refresh_from_db()
    return made


def item(community: Community, basis: Basis = Basis.AREA, price: str = "2.85", **facts: Any) -> FeeItem:
    """Something to pay for, with a price that has held for long."""
    with scope.platform():
        tiers = facts.pop("tiers", [])
        made = FeeItem.objects.create(community=community, name=facts.pop("name", "物业费"), basis=basis, **facts)
        Tariff.objects.create(community=community, item=made, since=date(2020, 1, 1), price=Decimal(price), tiers=tiers)
    return made


def counted(manager: Person, what: FeeItem, period: date = PERIOD, total: int | None = None) -> Run:
    return runs.count(as_(manager, runs.ask, what, period, total).pk)


def issued(manager: Person, what: FeeItem, period: date = PERIOD, total: int | None = None) -> Run:
    return as_(manager, runs.issue, counted(manager, what, period, total))


def bill(where: Home, period: date = PERIOD) -> Bill:
    with scope.platform():
        return Bill.objects.select_related("item").get(home=where, period=period)


def overdue(where: Home, days: int) -> None:
    """A home's bills were due so many days ago."""
    with scope.platform():
        Bill.objects.filter(home=where).update(due=timezone.localdate() - timedelta(days=days))
