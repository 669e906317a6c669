"""A resident's car comes in while the home may park, an expected car inside its window, and nobody else's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.access.models import Entry, Grant
from anju.homes import actions as homes
from anju.homes.models import Community, Duty, Member
from anju.partners.purposes import ACCOUNT
from anju.privacy import consent, retention, scope
from anju.privacy.declarations import LASTS
from anju.privacy.vault import vault
from anju.vehicles import desk, plate_index
from anju.vehicles.models import Car, Movement, Parking, ParkingRequest, VisitorCar
from anju.vehicles.purposes import VEHICLES
from tests import factories
from tests.doors import Door
from tests.vehicles.conftest import Driver, Lane

PLATE = "鲁A12345"


def leave(driver: Driver) -> None:
    """The driver moves out."""
    with scope.platform():
        homes.end_membership(Member.objects.get(person=driver.person))


def test_a_car_with_a_space_comes_in_and_its_owner_sees_it_come_and_go(
    driver: Driver, entrance: Lane, exit: Lane
) -> None:
    driver.parks()
    driver.has("鲁a·12345")
    assert entrance.sees(PLATE).open
    entrance.reports()
    assert [car["inside_since"] is not None for car in driver.door.get("/vehicles/cars").body] == [True]
    assert exit.sees(PLATE).open
    exit.reports()
    moves = driver.door.get("/vehicles/movements").body
    assert [(one["plate"], one["gate"], one["outwards"]) for one in moves] == [
        ("鲁A***45", "车库出口", True),
        ("鲁A***45", "车库入口", False),
    ]
    assert driver.door.get("/vehicles/cars").body[0]["inside_since"] is None


def test_without_a_space_or_monthly_parking_a_car_stays_out_and_may_still_leave(
    driver: Driver, entrance: Lane, exit: Lane
) -> None:
    driver.has(PLATE)
    assert entrance.sees(PLATE).code == "plate_unknown"
    assert exit.sees(PLATE).open


def test_a_door_for_people_is_not_told_of_cars(driver: Driver, streams: None, community: Community) -> None:
    from tests.access.conftest import join

    door = join(factories.gate(community))
    driver.parks()
    driver.has(PLATE)
    with scope.platform():
        assert not Grant.objects.filter(gate=door, source__startswith="car.").exists()


def test_an_unknown_car_stays_out_and_leaves_nothing_behind(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    driver.has(PLATE)
    assert entrance.sees("晋LAJ361").code == "plate_unknown"
    entrance.reports()
    with scope.platform():
        (entry,) = Entry.objects.filter(gate=entrance.row)
        assert (entry.person_id, entry.result) == (None, Entry.Result.REFUSED)
        assert not Movement.objects.exists()


def test_removing_the_car_ends_it_at_the_gate_at_once(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    car = driver.has(PLATE)
    assert entrance.sees(PLATE).open
    assert driver.door.delete(f"/vehicles/cars/{car}").status == 204
    assert entrance.sees(PLATE).code == "plate_unknown"
    assert driver.door.delete(f"/vehicles/cars/{car}").code == "unknown_car"


def test_withdrawing_the_consent_ends_and_erases_all_of_it(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    driver.has(PLATE)
    driver.expects("晋LAJ361")
    assert entrance.sees(PLATE).open
    entrance.reports()
    consent.withdraw(driver.person.pk, VEHICLES)
    assert entrance.sees(PLATE).code == "plate_unknown"
    assert entrance.sees("晋LAJ361").code == "plate_unknown"
    with scope.platform():
        assert not Car.objects.exists() and not VisitorCar.objects.exists() and not Movement.objects.exists()
    assert vault().find(f"plate.{driver.home.community_id}", PLATE) is None


def test_closing_the_account_leaves_no_car_and_no_trace_of_its_plate(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    driver.has(PLATE)
    driver.expects("晋LAJ361")
    assert vault().find(f"plate.{driver.home.community_id}", PLATE) == driver.person.pk
    consent.withdraw(driver.person.pk, ACCOUNT)
    assert entrance.sees(PLATE).code == "plate_unknown"
    with scope.platform():
        assert not Car.objects.exists() and not VisitorCar.objects.exists()
    assert vault().find(f"plate.{driver.home.community_id}", PLATE) is None


def test_moving_out_ends_it_and_erases_the_cars(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    driver.has(PLATE)
    driver.expects("晋LAJ361")
    leave(driver)
    assert entrance.sees(PLATE).code == "plate_unknown"
    assert entrance.sees("晋LAJ361").code in {"plate_unknown", "outside_window"}
    with scope.platform():
        assert not Car.objects.filter(person=driver.person).exists()
    assert plate_index.owned(driver.home.community_id, PLATE) is None


def test_a_restricted_consent_stops_the_car_and_keeps_it(driver: Driver, entrance: Lane) -> None:
    driver.parks()
    driver.has(PLATE)
    consent.restrict(driver.person.pk, VEHICLES)
    assert entrance.sees(PLATE).code == "plate_unknown"
    consent.lift(driver.person.pk, VEHICLES)
    assert entrance.sees(PLATE).open


# --- plates and their owners ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "plate_empty"),
        ("A12345", "plate_province"),
        ("鲁112345", "plate_office"),
        ("鲁A123", "plate_length"),
        ("鲁AO1234", "plate_i_o"),
        ("鲁A12#45", "plate_character"),
        ("鲁A123456", "plate_form"),
    ],
)
def test_what_is_no_plate_is_refused_with_what_to_put_right(driver: Driver, typed: str, code: str) -> None:
    answer = driver.adds(typed)
    assert (answer.status, answer.code) == (422, code)
    assert answer.body["errors"][0]["field"] == "plate"


def test_without_the_consent_no_plate_is_taken(community: Community) -> None:
    person = factories.resident(community)
    with scope.person(person.pk):
        home = Member.objects.get(person=person).home_id
    answer = Door.of(person).post("/vehicles/cars", {"home": str(home), "plate": PLATE})
    assert (answer.status, answer.code, answer.body["purpose"]) == (403, "consent_required", "vehicles")


def test_a_car_of_the_household_is_registered_once(driver: Driver, spouse: Driver) -> None:
    driver.has(PLATE)
    assert driver.adds("鲁A 12345").code == "car_known"
    assert spouse.adds(PLATE).code == "car_of_household"


def test_nobody_registers_more_cars_than_the_limit(driver: Driver) -> None:
    plates = [f"鲁A1234{number}" for number in range(6)]
    assert [driver.adds(plate).status for plate in plates] == [201] * 5 + [409]


def test_nobody_sees_or_removes_a_neighbours_car(driver: Driver, neighbour: Driver) -> None:
    car = driver.has(PLATE)
    assert neighbour.door.get("/vehicles/cars").body == []
    assert neighbour.door.delete(f"/vehicles/cars/{car}").code == "unknown_car"


def test_nobody_registers_a_car_at_a_home_that_is_not_theirs(driver: Driver, neighbour: Driver) -> None:
    asked = {"home": str(neighbour.home.pk), "plate": PLATE}
    assert driver.door.post("/vehicles/cars", asked).code == "unknown_home"


def test_a_plate_of_another_household_waits_for_staff_who_see_the_papers(
    driver: Driver, neighbour: Driver, entrance: Lane
) -> None:
    driver.parks()
    neighbour.parks()
    driver.has(PLATE)
    claimed = neighbour.adds(PLATE)
    assert claimed.body["state"] == "claimed"
    assert entrance.sees(PLATE).open
    entrance.reports()
    assert len(driver.door.get("/vehicles/movements").body) == 1
    with scope.platform():
        front = factories.staff(driver.home.community, Duty.FRONT_DESK)
        (claim,) = desk.claims()
        desk.settle_claim(front, claim, papers="鲁A 12345", accept=True)
    assert driver.door.get("/vehicles/cars").body == []
    assert [car["state"] for car in neighbour.door.get("/vehicles/cars").body] == ["known"]
    assert "车辆登记" in driver.notices() and "车辆登记" in neighbour.notices()
    entrance.machine.store.delivered([number for number, _, _ in entrance.machine.store.waiting(100)])
    assert entrance.sees(PLATE).open
    entrance.reports()
    assert len(neighbour.door.get("/vehicles/movements").body) == 1


def test_a_claim_that_is_refused_changes_nothing_for_the_owner(driver: Driver, neighbour: Driver) -> None:
    driver.has(PLATE)
    neighbour.has(PLATE)
    with scope.platform():
        front = factories.staff(driver.home.community, Duty.FRONT_DESK)
        (claim,) = desk.claims()
        desk.settle_claim(front, claim, papers=PLATE, accept=False)
    assert neighbour.door.get("/vehicles/cars").body == []
    assert len(driver.door.get("/vehicles/cars").body) == 1


def test_the_database_holds_no_plate(driver: Driver) -> None:
    from django.db import connection

    driver.has(PLATE)
    with scope.platform(), connection.cursor() as cursor:
        cursor.execute("select vehicles_car::text from vehicles_car")
        rows = str(cursor.fetchall())
    assert PLATE not in rows and PLATE.encode().hex() not in rows


# --- visitors' cars ---------------------------------------------------------------------------------------------------


def test_an_expected_car_comes_in_inside_its_window_only(driver: Driver, entrance: Lane) -> None:
    later = timezone.now() + timedelta(hours=2)
    driver.expects("晋LAJ361", since=later.isoformat(), until=(later + timedelta(hours=1)).isoformat())
    assert entrance.sees("晋LAJ361").code == "outside_window"
    driver.expects("青B31103D")
    assert entrance.sees("青B31103D").open


def test_an_expected_car_that_is_called_off_stays_out_and_may_still_leave(
    driver: Driver, entrance: Lane, exit: Lane
) -> None:
    made = driver.expects("晋LAJ361").body
    assert entrance.sees("晋LAJ361").open
    assert driver.door.delete(f"/vehicles/visitors/{made['id']}").status == 204
    assert entrance.sees("晋LAJ361").code == "plate_unknown"
    assert driver.door.get("/vehicles/visitors").body[0]["over"]


def test_a_visitors_car_is_seen_to_come_by_its_host(driver: Driver, entrance: Lane) -> None:
    driver.expects("晋LAJ361")
    entrance.sees("晋LAJ361")
    entrance.reports()
    (move,) = driver.door.get("/vehicles/movements").body
    assert (move["plate"], move["visitor"], move["outwards"]) == ("晋L***61", True, False)
    assert driver.door.get("/vehicles/visitors").body[0]["inside_since"] is not None


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (-120, -60, "window_past"),
        (0, 10, "window_short"),
        (0, 60 * 24 * 4, "window_long"),
        (60 * 24 * 40, 60 * 24 * 41, "window_far"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(driver: Driver, since: int, until: int, code: str) -> None:
    now = timezone.now()
    window = {"since": now + timedelta(minutes=since), "until": now + timedelta(minutes=until)}
    answer = driver.expects("晋LAJ361", **{name: at.isoformat() for name, at in window.items()})
    assert (answer.status, answer.code) == (422, code)


def test_a_visitors_plate_is_deleted_when_its_time_is_past(driver: Driver) -> None:
    driver.expects("晋LAJ361")
    with scope.platform():
        VisitorCar.objects.update(
            since=timezone.now() - timedelta(days=40), until=timezone.now() - LASTS[VisitorCar.KEPT]
        )
    retention.expire()
    assert driver.door.get("/vehicles/visitors").body == []


# --- monthly parking --------------------------------------------------------------------------------------------------


def confirmed(driver: Driver, months: int = 1) -> Parking:
    """The driver asks, and staff confirm."""
    asked = driver.door.post("/vehicles/parking", {"home": str(driver.home.pk), "months": months})
    assert asked.status == 201, asked.body
    with scope.platform():
        front = factories.staff(driver.home.community, Duty.FRONT_DESK)
        let = desk.decide(front, ParkingRequest.objects.get(pk=asked.body["id"]), confirm=True)
    assert let is not None
    return let


def test_monthly_parking_lets_the_households_cars_in_once_staff_confirm_it(
    driver: Driver, spouse: Driver, entrance: Lane
) -> None:
    spouse.has(PLATE)
    driver.door.post("/vehicles/parking", {"home": str(driver.home.pk), "months": 1})
    assert entrance.sees(PLATE).code == "plate_unknown"
    with scope.platform():
        front = factories.staff(driver.home.community, Duty.FRONT_DESK)
        desk.decide(front, desk.requests().get(), confirm=True)
    assert entrance.sees(PLATE).open
    (place,) = driver.door.get("/vehicles/places").body
    assert place["may_park"] and place["request"]["state"] == "confirmed"
    assert "月租停车已办理" in driver.notices()


def test_renewing_goes_on_where_the_parking_ends(driver: Driver) -> None:
    first = confirmed(driver, 1).until
    assert confirmed(driver, 2).until == desk.months_on(first, 2)


def test_a_refused_request_lets_nobody_in(driver: Driver, entrance: Lane) -> None:
    driver.has(PLATE)
    driver.door.post("/vehicles/parking", {"home": str(driver.home.pk), "months": 3})
    with scope.platform():
        front = factories.staff(driver.home.community, Duty.FRONT_DESK)
        assert desk.decide(front, desk.requests().get(), confirm=False) is None
    assert entrance.sees(PLATE).code == "plate_unknown"
    assert "月租停车未办理" in driver.notices()


def test_one_request_waits_at_a_time_and_may_be_withdrawn(driver: Driver) -> None:
    asked = {"home": str(driver.home.pk), "months": 1}
    first = driver.door.post("/vehicles/parking", asked).body["id"]
    assert driver.door.post("/vehicles/parking", asked).code == "parking_asked"
    assert driver.door.delete(f"/vehicles/parking/{first}").status == 204
    assert driver.door.delete(f"/vehicles/parking/{first}").code == "request_decided"
    assert driver.door.post("/vehicles/parking", asked).status == 201


def test_parking_that_has_run_out_opens_no_more(driver: Driver, entrance: Lane) -> None:
    driver.has(PLATE)
    confirmed(driver)
    entrance.machine.told_the_time(ahead=timedelta(days=32))
    assert entrance.sees(PLATE).code == "outside_window"


def test_when_whoever_arranged_it_moves_out_the_home_keeps_its_parking(
    driver: Driver, spouse: Driver, entrance: Lane
) -> None:
    spouse.has(PLATE)
    confirmed(driver)
    leave(driver)
    assert entrance.sees(PLATE).open


def test_a_month_later_is_the_same_day_or_the_last_of_a_short_month() -> None:
    january = timezone.make_aware(timezone.datetime(2027, 1, 31, 9, 30))
    assert desk.months_on(january, 1) == timezone.make_aware(timezone.datetime(2027, 2, 28, 9, 30))
    assert desk.months_on(january, 12) == timezone.make_aware(timezone.datetime(2028, 1, 31, 9, 30))


# --- from the phone ---------------------------------------------------------------------------------------------------


def may_open(driver: Driver, lane: Lane) -> bool:
    """Whether the app may raise this barrier."""
    with scope.platform():
        grants = Grant.objects.filter(person=driver.person, gate=lane.row, gone=False)
        return any("remote" in grant.payload["ways"] for grant in grants)


def test_living_here_raises_no_barrier_from_the_phone_and_parking_here_does(
    driver: Driver, entrance: Lane, exit: Lane
) -> None:
    driver.has(PLATE)
    assert (may_open(driver, entrance), may_open(driver, exit)) == (False, True)
    confirmed(driver)
    assert may_open(driver, entrance)
    leave(driver)
    assert (may_open(driver, entrance), may_open(driver, exit)) == (False, False)
