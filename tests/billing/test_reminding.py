"""Households hear of what is due, before and after."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.billing import reminding
from anju.homes.models import Community, Home, Role
from anju.people.models import Person
from tests import factories
from tests.billing.conftest import issued, item, overdue
from tests.doors import Door


def heard(who: Person) -> list[str]:
    return [one["body"] for one in Door.of(who).get("/notices").body["items"] if one["kind"] == "fees"]


@pytest.mark.parametrize(("days", "text"), [(-3, "前缴纳"), (1, "已过缴费日"), (30, "已过缴费日"), (2, ""), (-1, "")])
def test_three_days_before_and_now_and_then_after(
    manager: Person, community: Community, home: Home, owner: Person, days: int, text: str
) -> None:
    issued(manager, item(community))
    overdue(home, days)
    reminding.remind(timezone.localdate())
    assert [text in one for one in heard(owner)] == ([True] if text else [])


def test_neither_tenants_nor_who_came_later_nor_who_has_paid_is_reminded(
    manager: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community))
    overdue(home, 1)
    tenant, new = factories.person(), factories.person()
    factories.member(tenant, home, Role.TENANT, since=timezone.now() - timedelta(days=200))
    factories.member(new, home, since=timezone.now())
    reminding.remind(timezone.localdate())
    assert heard(tenant) == heard(new) == []
