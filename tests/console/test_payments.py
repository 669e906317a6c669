"""Statements at the console: compared by hand, differences cleared up with a reason."""

from datetime import datetime

import pytest
from django.utils import timezone

from anju.homes.models import Community, Duty, Home
from anju.partners.paying import CHINA
from anju.payments.models import Difference, Through
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.billing.conftest import home as home
from tests.billing.conftest import issued, item
from tests.billing.conftest import owner as owner
from tests.billing.test_taking import fees, pay
from tests.console.conftest import Desk
from tests.doors import Door
from tests.payments.conftest import institution as institution
from tests.payments.conftest import running as running
from tests.payments.test_paying import tell
from tests.peers.institution import Institution, Order


@pytest.fixture
def paid(manager: Desk, community: Community, home: Home, owner: Person, institution: Institution) -> str:
    issued(manager.person, item(community))
    door = Door.of(owner)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])
    return next(iter(institution.orders))


def compare(manager: Desk) -> None:
    day = timezone.now().astimezone(CHINA).date().isoformat()
    assert manager.post("payments/compare/", {"through": Through.WECHAT_PAY, "day": day}).status_code == 302


def test_a_day_is_compared_and_a_difference_cleared_up_with_a_reason(
    manager: Desk, paid: str, institution: Institution
) -> None:
    compare(manager)
    assert "账款相符" in manager.text("payments/") and "255.08" in manager.text("payments/")
    institution.orders[paid].amount = 1
    compare(manager)
    assert paid in manager.text("payments/") and "金额不同" in manager.text("payments/")
    with scope.platform():
        [one] = Difference.objects.all()
    assert manager.post(f"payments/differences/{one.pk}/clear/", {"note": "？"}).status_code == 422
    assert manager.post(f"payments/differences/{one.pk}/clear/", {"note": "机构账单更正"}).status_code == 302
    assert "账款相符" in manager.text("payments/")
    with scope.platform():
        one.refresh_from_db()
    assert one.cleared_by == manager.person.pk


def test_an_institution_that_is_out_is_said_to_be(manager: Desk, institution: Institution) -> None:
    institution.faults.out = True
    compare(manager)
    assert "取不到这一天的对账单" in manager.text("payments/")


def test_who_keeps_one_community_of_several_sees_the_differences_of_its_orders_alone(
    manager: Desk, operator: Desk, elsewhere: Community, paid: str, institution: Institution
) -> None:
    stranger = Desk(factories.staff(elsewhere, Duty.MANAGER))
    institution.orders[paid].amount = 1
    unknown = Order(
        "f" * 32, 777, "物业费", "http://127.0.0.1:1/", "wechat", state="SUCCESS", paid_at=datetime.now(CHINA)
    )
    institution.orders[unknown.number] = unknown
    day = timezone.now().astimezone(CHINA).date().isoformat()
    facts = {"through": Through.WECHAT_PAY, "day": day}
    assert manager.post("payments/compare/", facts).status_code == 403
    assert operator.post("payments/compare/", facts).status_code == 302
    everything = operator.text("payments/")
    assert paid in everything and unknown.number in everything and "对账单" in everything
    own = manager.text("payments/")
    assert paid in own and unknown.number not in own and "立即对账" not in own
    assert paid not in stranger.text("payments/")
    with scope.platform():
        mine, nobodys = Difference.objects.get(number=paid), Difference.objects.get(number=unknown.number)
    note = {"note": "机构账单更正"}
    assert stranger.post(f"payments/differences/{mine.pk}/clear/", note).status_code == 403
    assert manager.post(f"payments/differences/{nobodys.pk}/clear/", note).status_code == 403
    assert manager.post(f"payments/differences/{mine.pk}/clear/", note).status_code == 302
    assert operator.post(f"payments/differences/{nobodys.pk}/clear/", note).status_code == 302
    assert "账款相符" in operator.text("payments/")


def test_another_amount_that_was_heard_of_is_seen_at_once_where_the_order_belongs(
    manager: Desk, elsewhere: Community, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    issued(manager.person, item(community))
    door = Door.of(owner)
    facts = {"bills": [fees(door, home)["bills"][0]["id"]], "through": "wechat_pay"}
    began = door.post(f"/homes/{home.pk}/fees/pay", facts).body
    order = institution.pay_unheard(began["opens"].rpartition("=")[2])
    order.amount = 1
    tell(institution, order)
    assert order.number in manager.text("payments/")
    assert order.number not in Desk(factories.staff(elsewhere, Duty.MANAGER)).text("payments/")
