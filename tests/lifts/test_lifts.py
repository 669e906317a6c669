"""Who may take a lift where: residents to their own floor, visitors to their host's, and nobody else."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from anju.access import gate_link
from anju.access import settings as gate_settings
from anju.access.models import Gate, Grant
from anju.access.purposes import GATE_OPENING
from anju.homes import actions as homes
from anju.homes.models import Community, Home, Member
from anju.lifts import actions
from anju.lifts.models import Lift
from anju.people.models import Person
from anju.privacy import consent, scope
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams
from tests.doors import Door


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, UUID, UUID, int]]:
    """What gates were asked to call."""
    said: list[tuple[UUID, UUID, UUID, int]] = []

    def call(gate: UUID, grant: UUID, lift: UUID, floor: int) -> str:
        said.append((gate, grant, lift, floor))
        return "lift_called"

    monkeypatch.setattr(gate_link, "call_lift", call)
    return said


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community, "1201")


@pytest.fixture
def lift(home: Home, gate: Gate) -> Lift:
    return factories.lift(home, gate)


@pytest.fixture
def upstairs(home: Home, lift: Lift) -> Person:
    """Somebody who lives on the twelfth floor."""
    person = factories.person(factories.EVERYTHING)
    factories.member(person, home)
    _refresh(person, home)
    return person


def _refresh(person: Person, home: Home) -> None:
    from anju.access.actions import refresh

    refresh(person.pk, home.community_id)


def floors(person: Person | UUID, gate: Gate) -> list[int]:
    """What this gate was told of where the lift may take somebody."""
    with scope.platform():
        grants = Grant.objects.filter(person=person, gate=gate, gone=False)
        return sorted({floor for grant in grants for floor in grant.payload["floors"]})


def test_a_resident_goes_to_the_floor_of_their_home(upstairs: Person, gate: Gate) -> None:
    assert floors(upstairs, gate) == [12]


def test_a_gate_that_calls_no_lift_is_told_no_floor(upstairs: Person, lift: Lift, gate: Gate) -> None:
    with scope.platform():
        lift.gates.clear()
    _refresh(upstairs, factories.home(gate.community, "1201"))
    assert floors(upstairs, gate) == []


def test_somebody_of_another_stairwell_goes_nowhere(community: Community, lift: Lift, gate: Gate) -> None:
    with scope.platform():
        other = factories.unit(community, "2单元")
        home = Home.objects.create(community=community, unit=other, room="1202", floor=12)
    person = factories.person(factories.EVERYTHING)
    factories.member(person, home)
    _refresh(person, home)
    assert floors(person, gate) == []


def test_a_visitor_goes_to_their_hosts_floor(upstairs: Person, home: Home, gate: Gate) -> None:
    visit = factories.visit(upstairs, home)
    assert floors(visit.visitor_id, gate) == [12]


def test_moving_out_ends_the_floor(upstairs: Person, home: Home, gate: Gate) -> None:
    with scope.platform():
        homes.end_membership(Member.objects.get(person=upstairs, home=home))
    assert floors(upstairs, gate) == []


def test_the_gate_is_told_how_to_reach_the_lift_in_its_sealed_settings(lift: Lift, gate: Gate, home: Home) -> None:
    with scope.platform():
        said = gate_settings.of(gate)["lift"]
    assert said == [{"id": str(lift.pk), "adapter": "modbus", "address": lift.address, "floors": {"12": 12}}]
    assert json.dumps(said)


def test_a_floor_that_the_controller_does_not_know_is_never_sent(home: Home, gate: Gate) -> None:
    lift = factories.lift(home, gate, floors={"1": 1})
    with scope.platform():
        assert gate_settings.of(gate)["lift"][0]["floors"] == {}
        assert lift.number(12) is None


# --- from the app -----------------------------------------------------------------------------------------------------


def test_the_app_offers_ones_lifts_and_calls_them(
    upstairs: Person, lift: Lift, gate: Gate, asked: list[tuple[UUID, UUID, UUID, int]]
) -> None:
    door = Door.of(upstairs)
    (shown,) = door.get("/lifts").body
    assert (shown["id"], shown["floor"], shown["home"]) == (str(lift.pk), 12, "1栋1单元1201")
    assert door.post(f"/lifts/{lift.pk}/call", {"floor": 12}).status == 204
    ((at, _grant, which, floor),) = asked
    assert (at, which, floor) == (gate.pk, lift.pk, 12)


def test_nobody_calls_a_lift_to_somebody_elses_floor(
    upstairs: Person, lift: Lift, asked: list[tuple[UUID, UUID, UUID, int]]
) -> None:
    answer = Door.of(upstairs).post(f"/lifts/{lift.pk}/call", {"floor": 3})
    assert (answer.status, answer.code) == (403, "lift_not_yours")
    assert asked == []


def test_nobody_calls_a_lift_of_another_stairwell(
    community: Community, lift: Lift, asked: list[tuple[UUID, UUID, UUID, int]]
) -> None:
    stranger = factories.resident(factories.community())
    assert Door.of(stranger).get("/lifts").body == []
    assert Door.of(stranger).post(f"/lifts/{lift.pk}/call", {"floor": 12}).code == "unknown_lift"
    assert Door.of(stranger).post(f"/lifts/{uuid4()}/call", {"floor": 12}).code == "unknown_lift"
    assert asked == []


def test_without_the_consent_to_opening_by_phone_no_lift_comes(
    upstairs: Person, lift: Lift, asked: list[tuple[UUID, UUID, UUID, int]]
) -> None:
    consent.withdraw(upstairs.pk, GATE_OPENING)
    assert Door.of(upstairs).post(f"/lifts/{lift.pk}/call", {"floor": 12}).code == "consent_required"
    assert asked == []


@pytest.mark.parametrize("said", ["lift_down", "lift_unknown", "outside_window", "unknown_command"])
def test_whoever_waits_in_vain_is_told_what_to_do(
    upstairs: Person, lift: Lift, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    def call(*_asked: Any) -> str:
        return said

    monkeypatch.setattr(gate_link, "call_lift", call)
    answer = Door.of(upstairs).post(f"/lifts/{lift.pk}/call", {"floor": 12})
    assert (answer.status, answer.code) == (409, said)
    assert answer.body["detail"]


def test_a_gate_that_is_silent_says_so(upstairs: Person, lift: Lift) -> None:
    """No device answers on the real bus."""
    assert Door.of(upstairs).post(f"/lifts/{lift.pk}/call", {"floor": 12}).code == "gate_silent"


def test_lifts_set_anew_reach_everybodys_grants(upstairs: Person, home: Home, gate: Gate, lift: Lift) -> None:
    with scope.platform():
        lift.floors = {"1": 1}
        lift.save()
        actions.set_anew(gate.community_id, [gate.pk])
    from anju.access import tasks

    tasks.grant_everybody(str(gate.community_id))
    assert floors(upstairs, gate) == []
