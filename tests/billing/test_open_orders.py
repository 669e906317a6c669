"""Orders that nobody has paid yet: as few of them as there are wishes to pay."""

import pytest

from anju.billing.models import Basis
from anju.homes.models import Community, Home
from anju.payments import actions as payments
from anju.payments.models import Payment, PaymentState
from anju.people.models import Person
from anju.privacy import scope
from tests.billing.conftest import issued, item
from tests.billing.test_taking import fees
from tests.doors import Answer, Door
from tests.payments.test_paying import tell
from tests.peers.institution import Institution


def order(door: Door, home: Home, *bills: str, through: str = "wechat_pay", shown: str = "code") -> Answer:
    return door.post(f"/homes/{home.pk}/fees/pay", {"bills": list(bills), "through": through, "shown": shown})


def open_ones() -> int:
    with scope.platform():
        return Payment.objects.filter(state__in=Payment.OPEN).count()


def state(payment: str) -> str:
    with scope.platform():
        return Payment.objects.get(pk=payment).state


@pytest.fixture
def door(manager: Person, community: Community, home: Home, owner: Person, institution: Institution) -> Door:
    for number in range(payments.MOST_OPEN + 1):
        issued(manager, item(community, Basis.FIXED, f"{number + 1}", name=f"项目{number}"))
    return Door.of(owner)


def names(door: Door, home: Home) -> list[str]:
    return [one["id"] for one in fees(door, home)["bills"]]


def test_who_asks_for_the_same_again_gets_the_same_order(door: Door, home: Home, institution: Institution) -> None:
    one, two, *_more = names(door, home)
    first = order(door, home, one, two).body
    assert order(door, home, two, one).body == first
    assert len(institution.orders) == 1 and open_ones() == 1


def test_another_way_or_another_choice_takes_the_place_of_the_order_before(
    door: Door, home: Home, institution: Institution
) -> None:
    one, two, three, *_more = names(door, home)
    before = [order(door, home, one, two).body["id"]]
    before.append(order(door, home, one, two, through="alipay").body["id"])
    before.append(order(door, home, one, two, through="alipay", shown="page").body["id"])
    before.append(order(door, home, two).body["id"])
    assert [state(payment) for payment in before] == ["closed", "closed", "closed", "waiting"]
    beside = order(door, home, three).body["id"]
    assert state(before[-1]) == state(beside) == PaymentState.WAITING


def test_who_has_just_paid_is_not_asked_to_pay_again(door: Door, home: Home, institution: Institution) -> None:
    [one, *_more] = names(door, home)
    first = order(door, home, one).body
    institution.pay_unheard(first["opens"].rpartition("=")[2])
    again = order(door, home, one, through="alipay")
    assert (again.status, again.code) == (409, "just_paid")
    assert state(first["id"]) == PaymentState.PAID
    assert order(door, home, one, through="alipay").code == "nothing_owed"


def test_nobody_has_many_open_at_one_institution(door: Door, home: Home, institution: Institution) -> None:
    *few, last = names(door, home)
    assert [order(door, home, one).status for one in few] == [200] * payments.MOST_OPEN
    refused = order(door, home, last)
    assert (refused.status, refused.code) == (409, "too_many_orders") and "半小时" in str(refused.body)
    assert open_ones() == payments.MOST_OPEN
    assert order(door, home, last, through="alipay").status == 200  # which has nothing to do with it
    paid = next(iter(institution.orders.values()))
    assert tell(institution, institution.pay_unheard(paid.number)) == 200
    assert order(door, home, last).status == 200


def test_an_institution_that_is_out_is_not_asked_without_end(door: Door, home: Home, institution: Institution) -> None:
    institution.faults.out = True
    [one, *_more] = names(door, home)
    said = [order(door, home, one).code for _ in range(payments.MOST_OPEN + 1)]
    assert said == ["institution_unreachable"] * payments.MOST_OPEN + ["too_many_orders"]
    institution.faults.out = False
    assert order(door, home, one, through="alipay").status == 200
