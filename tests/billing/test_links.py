"""Somebody else pays a home's bills by a link, without an account."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.billing.models import BillState, PayLink
from anju.homes.models import Community, Home, Member
from anju.payments.models import Payment
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.billing.conftest import bill, issued, item, place
from tests.doors import Door
from tests.payments.test_paying import tell
from tests.peers.institution import Institution


@pytest.fixture
def key(manager: Person, community: Community, home: Home, owner: Person, institution: Institution) -> str:
    issued(manager, item(community))
    made = Door.of(owner).post(f"/homes/{home.pk}/fees/link", {"bills": [str(bill(home).pk)]})
    assert made.status == 201
    return str(made.body["key"])


def test_a_guest_sees_what_is_owed_pays_it_and_sees_that_it_is_paid(
    key: str, nobody: Door, home: Home, institution: Institution
) -> None:
    shown = nobody.post("/fees/for-others", {"key": key}).body
    assert (shown["home"], shown["owed"], len(shown["ways"])) == (home.label, 25_508, 3)
    began = nobody.post("/fees/for-others/pay", {"key": key, "through": "wechat_pay"}).body
    assert tell(institution, institution.pay_unheard(began["opens"].rpartition("=")[2])) == 200
    asked = {"key": key, "payment": began["id"]}
    assert nobody.post("/fees/for-others/payment", asked).body["state"] == "paid"
    assert bill(home).state == BillState.PAID
    assert nobody.post("/fees/for-others", {"key": key}).body["owed"] == 0


def test_a_link_ends_with_its_time_and_with_whoever_made_it(key: str, nobody: Door, owner: Person) -> None:
    assert nobody.post("/fees/for-others", {"key": f"{key}x"}).status == 404
    with scope.platform():
        Member.objects.filter(person=owner).update(until=timezone.now())
    assert nobody.post("/fees/for-others", {"key": key}).code == "unknown_link"
    assert nobody.post("/fees/for-others/pay", {"key": key, "through": "alipay"}).code == "unknown_link"
    with scope.platform():
        Member.objects.filter(person=owner).update(until=None)
        PayLink.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert nobody.post("/fees/for-others", {"key": key}).status == 404


def test_a_link_is_for_its_bills_alone(
    key: str, nobody: Door, manager: Person, community: Community, home: Home, owner: Person
) -> None:
    issued(manager, item(community, name="水费公摊"))
    assert nobody.post("/fees/for-others", {"key": key}).body["owed"] == 25_508
    stranger = Door.of(manager).post(f"/homes/{home.pk}/fees/link", {"bills": [str(bill_of(home))]})
    assert stranger.status in (403, 404)


def test_a_link_tells_only_of_what_was_begun_by_it(
    key: str, nobody: Door, manager: Person, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    began = nobody.post("/fees/for-others/pay", {"key": key, "through": "alipay"}).body
    assert nobody.post("/fees/for-others/payment", {"key": key, "payment": began["id"]}).status == 200
    door, elsewhere = Door.of(owner), place(community, "1202", "80")
    factories.member(owner, elsewhere, since=timezone.now() - timedelta(days=400))
    issued(manager, item(community, name="水费公摊"))
    for where in (home, elsewhere):  # the maker's own, there and elsewhere
        one = door.get(f"/homes/{where.pk}/fees").body["bills"][-1]["id"]
        own = door.post(f"/homes/{where.pk}/fees/pay", {"bills": [one], "through": "alipay"}).body
        refused = nobody.post("/fees/for-others/payment", {"key": key, "payment": own["id"]})
        assert (refused.status, refused.code) == (404, "unknown_payment")


def test_whoever_has_a_link_has_one_order_of_it_open(
    key: str, nobody: Door, owner: Person, home: Home, institution: Institution
) -> None:
    own = Door.of(owner).post(f"/homes/{home.pk}/fees/pay", {"bills": [str(bill(home).pk)], "through": "alipay"}).body
    for through in ("wechat_pay", "alipay") * 4:
        assert nobody.post("/fees/for-others/pay", {"key": key, "through": through}).status == 200
    with scope.platform():
        waiting = Payment.objects.filter(state__in=Payment.OPEN)
        assert waiting.count() == 2 and waiting.filter(pk=own["id"]).exists()  # the maker's own stays


def bill_of(home: Home) -> str:
    with scope.platform():
        return str(home.bills.first().pk)
