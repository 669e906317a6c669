"""Monthly parking that has a price: asked for, billed, paid, and it holds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.billing import adjusting, books
from anju.billing import cashier as desk
from anju.billing.models import Adjustment, Basis, Bill, BillState, Method, Receipt
from anju.homes.models import Community, Home
from anju.ledger import queries as ledger
from anju.partners.purposes import PAYING
from anju.people.models import Person
from anju.privacy import scope
from anju.vehicles import desk as vehicles
from anju.vehicles.models import Parking, ParkingRequest
from anju.vehicles.purposes import VEHICLES
from tests import factories
from tests.billing.conftest import as_, item
from tests.billing.test_taking import fees, pay
from tests.doors import Door
from tests.peers.institution import Institution


@pytest.fixture
def driver(home: Home) -> Person:
    who = factories.person((PAYING, factories.HOME_CERTIFICATION, VEHICLES))
    factories.member(who, home, since=timezone.now() - timedelta(days=90))
    return who


def asked(driver: Person, home: Home, months: int = 3) -> Door:
    door = Door.of(driver)
    answer = door.post("/vehicles/parking", {"home": str(home.pk), "months": months})
    assert answer.status in (200, 201), answer.body
    return door


def lasts(home: Home) -> Parking | None:
    with scope.platform():
        return Parking.objects.filter(home=home).first()


def test_paying_for_it_online_makes_it_hold_at_once(
    community: Community, home: Home, driver: Person, institution: Institution
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    [one] = fees(door, home)["bills"]
    assert (one["item"], one["owed"]) == ("月租停车", 900_00)
    assert lasts(home) is None
    pay(door, home, institution, one["id"])
    let = lasts(home)
    assert let is not None and let.until > timezone.now() + timedelta(days=85)
    with scope.platform():
        assert ParkingRequest.objects.get().state == ParkingRequest.State.CONFIRMED


def test_paying_at_the_desk_does_the_same(community: Community, home: Home, driver: Person, cashier_: Person) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    asked(driver, home, 1)
    with scope.platform():
        [bill] = Bill.objects.filter(home=home)
    as_(cashier_, desk.open_shift, community.pk, 0)
    as_(cashier_, desk.receive, home, 299_00, Method.CASH, [bill.pk], "1")
    assert lasts(home) is None
    as_(cashier_, desk.receive, home, 1_00, Method.CASH, [bill.pk], "2")
    assert lasts(home) is not None


def test_who_thinks_better_of_it_owes_nothing(community: Community, home: Home, driver: Person) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    with scope.platform():
        [request] = ParkingRequest.objects.all()
    assert door.delete(f"/vehicles/parking/{request.pk}").status == 204
    with scope.platform():
        assert Bill.objects.get().state == BillState.CANCELLED
    assert fees(door, home)["bills"] == []


def request_of(home: Home) -> ParkingRequest:
    with scope.platform():
        return ParkingRequest.objects.filter(home=home).latest("asked_at")


def returned(manager: Person, home: Home) -> None:
    with scope.platform():
        receipt = Receipt.objects.filter(home=home, returned_at__isnull=True).latest("at")
    as_(manager, adjusting.give_back, receipt)


def test_parking_ends_when_its_money_goes_back_and_holds_again_when_it_is_paid_again(
    community: Community, home: Home, driver: Person, manager: Person, institution: Institution
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])
    returned(manager, home)
    assert lasts(home) is None
    assert request_of(home).state == ParkingRequest.State.ASKED
    assert "停止" in door.get("/notices").body["items"][0]["body"] + door.get("/notices").body["items"][1]["body"]
    [bill] = fees(door, home)["bills"]
    assert bill["owed"] == 900_00
    pay(door, home, institution, bill["id"])
    assert lasts(home) is not None and ledger.problems() == []


def test_what_was_prolonged_ends_as_it_did_before(
    community: Community, home: Home, driver: Person, manager: Person, institution: Institution
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    for months in (3, 2):
        door = asked(driver, home, months)
        pay(door, home, institution, next(one["id"] for one in fees(door, home)["bills"] if one["owed"]))
    long = lasts(home)
    returned(manager, home)
    short = lasts(home)
    assert long is not None and short is not None
    assert timedelta(days=58) < long.until - short.until < timedelta(days=63)
    assert short.until > timezone.now() + timedelta(days=85)


def test_who_has_asked_anew_meanwhile_owes_the_new_one_alone(
    community: Community, home: Home, driver: Person, manager: Person, institution: Institution
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])
    asked(driver, home, 1)
    returned(manager, home)
    assert [one["owed"] for one in fees(door, home)["bills"]] == [300_00]
    assert ledger.balance(books.income(community.pk)).posted == 0 and ledger.problems() == []


def test_parking_that_staff_confirmed_themselves_does_not_hang_on_its_bill(
    community: Community, home: Home, driver: Person, manager: Person, institution: Institution
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    as_(manager, vehicles.decide, request_of(home), confirm=True)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])
    returned(manager, home)
    assert lasts(home) is not None


def test_a_bill_that_an_adjustment_settles_makes_it_hold(
    community: Community, home: Home, driver: Person, manager: Person, cashier_: Person
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    asked(driver, home, 1)
    with scope.platform():
        [bill] = Bill.objects.filter(home=home)
    asking = as_(cashier_, adjusting.ask, bill, -300_00, Adjustment.Reason.AGREED)
    assert lasts(home) is None
    as_(manager, adjusting.decide, asking.pk, approve=True)
    assert lasts(home) is not None and request_of(home).state == ParkingRequest.State.CONFIRMED


@pytest.mark.parametrize("refused", [True, False])
def test_a_request_that_comes_to_nothing_after_a_part_payment_owes_nothing_and_keeps_the_money(
    community: Community, home: Home, driver: Person, manager: Person, cashier_: Person, refused: bool
) -> None:
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    door = asked(driver, home)
    with scope.platform():
        [bill] = Bill.objects.filter(home=home)
    as_(cashier_, desk.open_shift, community.pk, 0)
    as_(cashier_, desk.receive, home, 400_00, Method.CASH, [bill.pk], "1")
    if refused:
        as_(manager, vehicles.decide, request_of(home), confirm=False)
    else:
        assert door.delete(f"/vehicles/parking/{request_of(home).pk}").status == 204
    assert fees(door, home)["bills"] == [] and fees(door, home)["ahead"] == 400_00
    assert any("预存" in one["body"] for one in door.get("/notices").body["items"])
    assert ledger.problems() == []
    returned(manager, home)  # at the desk they ask for it back
    assert fees(door, home)["ahead"] == 0 and ledger.balance(books.income(community.pk)).posted == 0
    assert ledger.problems() == []


def test_without_a_price_it_is_settled_at_the_desk_as_before(community: Community, home: Home, driver: Person) -> None:
    asked(driver, home)
    with scope.platform():
        assert not Bill.objects.exists()
