"""The console's pages for cars and parking."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from anju.access import gate_link
from anju.access.models import Gate
from anju.homes.models import Community, Duty
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.vehicles import actions
from anju.vehicles.models import Car, Parking, ParkingRequest, Space, VisitorCar
from tests import factories
from tests.console.conftest import Desk

PLATE = "鲁A12345"


@pytest.fixture
def car(resident: Person, community: Community) -> Car:
    return factories.car(resident, factories.home(community), PLATE)


@pytest.fixture
def front(desk: Callable[..., Desk]) -> Desk:
    return desk(Duty.FRONT_DESK)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Gates that were asked to open."""
    asked: list[UUID] = []

    def opens(gate: UUID, grant: None) -> dict[str, Any]:
        asked.append(gate)
        return {"ok": True}

    monkeypatch.setattr(gate_link, "open_gate", opens)
    return asked


def ask(resident: Person, community: Community, months: int = 1) -> ParkingRequest:
    with scope.person(resident.pk):
        return actions.ask_parking(resident, home=factories.home(community).pk, months=months)


def test_guards_see_who_is_inside_with_masked_plates(guard: Desk, car: Car) -> None:
    with scope.platform():
        Car.objects.update(inside_since=timezone.now())
    page = guard.text("cars/")
    assert "鲁A***45" in page and PLATE not in page


def test_a_visitors_car_beyond_its_time_is_one_to_look_after(
    guard: Desk, car: Car, resident: Person, community: Community
) -> None:
    now = timezone.now()
    with scope.person(resident.pk):
        window = actions.Window(now, now + timedelta(hours=1))
        actions.expect_car(resident, home=factories.home(community).pk, plate="晋LAJ361", window=window)
    with scope.platform():
        VisitorCar.objects.update(inside_since=now - timedelta(hours=3))
    assert "停留过久的访客车" not in guard.text("cars/rows/")
    with scope.platform():
        VisitorCar.objects.update(since=now - timedelta(hours=4), until=now - timedelta(hours=1))
    page = guard.text("cars/rows/")
    assert "停留过久的访客车" in page and "晋L***61" in page


def test_a_barrier_is_raised_only_for_a_reason_that_is_on_record(
    guard: Desk, community: Community, opened: list[UUID]
) -> None:
    gate = factories.barrier(community)
    assert guard.post(f"cars/gates/{gate.pk}/raise/").status_code == 422
    assert guard.post(f"cars/gates/{gate.pk}/raise/", {"why": "because"}).status_code == 422
    assert opened == []
    assert guard.post(f"cars/gates/{gate.pk}/raise/", {"why": "delivery"}).status_code == 302
    assert opened == [gate.pk]
    with scope.platform():
        entry = AuditEntry.objects.filter(actor=guard.person.pk).latest("id")
    assert (entry.reason, entry.target_id) == ("barrier_delivery", str(gate.pk))


def test_a_barrier_is_not_raised_from_the_monitor_without_a_reason(
    guard: Desk, community: Community, opened: list[UUID]
) -> None:
    gate = factories.barrier(community)
    assert guard.post(f"monitor/gates/{gate.pk}/open/").status_code == 409
    assert opened == []


def test_a_barrier_of_another_community_is_out_of_reach(guard: Desk, opened: list[UUID]) -> None:
    gate = factories.barrier(factories.community())
    assert guard.post(f"cars/gates/{gate.pk}/raise/", {"why": "delivery"}).status_code == 404
    assert opened == []


def test_a_door_is_not_raised(guard: Desk, community: Community, opened: list[UUID]) -> None:
    door: Gate = factories.gate(community)
    assert guard.post(f"cars/gates/{door.pk}/raise/", {"why": "delivery"}).status_code == 409
    assert opened == []


def test_the_front_desk_confirms_parking_with_a_space(
    front: Desk, car: Car, resident: Person, community: Community
) -> None:
    asked, space = ask(resident, community, 3), factories.space(community, title="B1-007")
    assert "B1-007" in front.text("parking/")
    answer = front.post(f"parking/{asked.pk}/decide/", {"answer": "confirm", "space": str(space.pk)})
    assert answer.status_code == 302
    with scope.platform():
        let = Parking.objects.select_related("space").get()
        assert (let.space, let.person_id) == (space, resident.pk)
        assert AuditEntry.objects.filter(actor=front.person.pk, reason="confirmed").exists()
    assert front.post(f"parking/{asked.pk}/decide/", {"answer": "confirm"}).status_code == 409


def test_a_claim_needs_the_plate_from_the_papers(front: Desk, car: Car, community: Community) -> None:
    other = factories.resident(community, "202")
    claim = factories.car(other, factories.home(community, "202"), PLATE)
    page = front.text("parking/")
    assert "鲁A***45" in page and PLATE not in page
    wrong = front.post(f"parking/claims/{claim.pk}/settle/", {"answer": "accept", "papers": "鲁A54321"})
    assert wrong.status_code == 409
    right = front.post(f"parking/claims/{claim.pk}/settle/", {"answer": "accept", "papers": "鲁a·12345"})
    assert right.status_code == 302
    with scope.platform():
        assert [(one.pk, one.state) for one in Car.objects.all()] == [(claim.pk, Car.State.KNOWN)]


def test_a_guard_decides_nothing_about_parking(guard: Desk, car: Car, resident: Person, community: Community) -> None:
    asked = ask(resident, community)
    assert guard.get("parking/").status_code == 403
    assert guard.post(f"parking/{asked.pk}/decide/", {"answer": "confirm"}).status_code == 403


def test_staff_keep_spaces(manager: Desk, community: Community) -> None:
    home = factories.home(community)
    answer = manager.post(
        "vehicles/space/add/", {"community": str(community.pk), "name": "B1-001", "home": str(home.pk)}
    )
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        space = Space.objects.get()
    assert (space.name, space.home_id) == ("B1-001", home.pk)
    assert "B1-001" in manager.text("vehicles/space/")
