"""Locking a gate or letting it stand open takes two people; a fire does not wait for the second."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.access import settings as gate_settings
from anju.access.models import Gate
from anju.fleet import modes
from anju.fleet.models import ModeChange
from anju.homes.models import Community, Duty
from anju.notices.models import Notice
from anju.oversight.models import Step
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from tests import factories

LOCKED, FREE, NORMAL = Gate.Mode.LOCKED, Gate.Mode.FREE, Gate.Mode.NORMAL


@pytest.fixture(autouse=True)
def _in_sight(community: Community) -> None:
    scope.enter(None, [community.pk])


def told(gate: Gate) -> dict[str, object]:
    """How a gate that connects now is told to be run."""
    with scope.platform():
        found: dict[str, object] = gate_settings.of(Gate.objects.get(pk=gate.pk))["mode"]
    return found


def news(person: Person) -> list[str]:
    with scope.person(person.pk):
        return [one.title.open() for one in Notice.objects.filter(person=person, kind=Notice.Kind.GATE)]


def test_a_gate_is_locked_when_a_second_person_agrees(gate: Gate, guard: Person, manager: Person) -> None:
    asked = modes.ask(gate, LOCKED, staff=guard, reason="safety")
    assert told(gate)["mode"] == "normal"
    modes.decide(asked, staff=manager, approve=True)
    assert told(gate)["mode"] == "locked"


def test_nobody_agrees_with_themself(gate: Gate, guard: Person) -> None:
    asked = modes.ask(gate, LOCKED, staff=guard, reason="safety")
    with pytest.raises(Refused) as refused:
        modes.decide(asked, staff=guard, approve=True)
    assert refused.value.code == "own_request"
    assert told(gate)["mode"] == "normal"


def test_what_is_refused_changes_nothing(gate: Gate, guard: Person, manager: Person) -> None:
    asked = modes.ask(gate, FREE, staff=guard, reason="works")
    modes.decide(asked, staff=manager, approve=False)
    assert told(gate)["mode"] == "normal"


def test_for_a_fire_one_person_is_enough_and_everybody_hears(gate: Gate, guard: Person, manager: Person) -> None:
    change = modes.open_for_fire(gate, staff=guard)
    assert told(gate)["mode"] == "free"
    assert change.step == Step.ASKED
    assert [news(who) for who in (guard, manager)] == [["门禁已紧急常开"]] * 2
    assert modes.decide(change, staff=manager, approve=True).step == Step.APPROVED
    assert told(gate)["mode"] == "free"


def test_an_emergency_that_nobody_countersigns_ends(gate: Gate, guard: Person, manager: Person) -> None:
    change = modes.open_for_fire(gate, staff=guard)
    modes.decide(change, staff=manager, approve=False)
    assert told(gate)["mode"] == "normal"


def test_an_emergency_waits_for_its_signature_as_long_as_it_takes(gate: Gate, guard: Person, manager: Person) -> None:
    change = modes.open_for_fire(gate, staff=guard)
    ModeChange.objects.filter(pk=change.pk).update(at=timezone.now() - timedelta(days=3))
    assert [one.pk for one in modes.waiting(gate.community_id)] == [change.pk]
    modes.decide(change, staff=manager, approve=True)


def test_a_request_of_yesterday_is_asked_anew(gate: Gate, guard: Person, manager: Person) -> None:
    asked = modes.ask(gate, LOCKED, staff=guard, reason="safety")
    ModeChange.objects.filter(pk=asked.pk).update(at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Refused) as refused:
        modes.decide(asked, staff=manager, approve=True)
    assert refused.value.code == "request_expired"
    assert told(gate)["mode"] == "normal"


def test_each_order_has_a_higher_number_than_the_last(gate: Gate, guard: Person, manager: Person) -> None:
    numbers = []
    for mode in (LOCKED, FREE, NORMAL):
        gate.refresh_from_db()
        modes.decide(modes.ask(gate, mode, staff=guard, reason="safety"), staff=manager, approve=True)
        numbers.append(told(gate)["number"])
    assert numbers == sorted(set(numbers))  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("mode", "reason"), [("ajar", "safety"), ("locked", "because"), ("locked", ""), ("normal", "over")]
)
def test_what_makes_no_sense_is_not_asked_for(gate: Gate, guard: Person, mode: str, reason: str) -> None:
    with pytest.raises(Refused):
        modes.ask(gate, mode, staff=guard, reason=reason)


def test_two_do_not_ask_for_the_same_gate(gate: Gate, guard: Person, manager: Person) -> None:
    modes.ask(gate, LOCKED, staff=guard, reason="safety")
    with pytest.raises(Refused) as refused:
        modes.ask(gate, FREE, staff=manager, reason="works")
    assert refused.value.code == "asked_already"


@pytest.mark.parametrize("duty", [Duty.REVIEWER, Duty.FRONT_DESK, Duty.CASHIER, Duty.DPO, Duty.AUDITOR])
def test_others_may_not(gate: Gate, community: Community, duty: Duty) -> None:
    other = factories.staff(community, duty)
    for act in (
        lambda: modes.ask(gate, LOCKED, staff=other, reason="safety"),
        lambda: modes.open_for_fire(gate, staff=other),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_allowed"


def test_staff_of_another_community_may_not(gate: Gate, guard: Person) -> None:
    stranger = factories.staff(factories.community(), Duty.MANAGER)
    asked = modes.ask(gate, LOCKED, staff=guard, reason="safety")
    with pytest.raises(Refused):
        modes.decide(asked, staff=stranger, approve=True)


def test_it_stands_in_the_proofs_who_asked_and_who_agreed(gate: Gate, guard: Person, manager: Person) -> None:
    asked = modes.ask(gate, LOCKED, staff=guard, reason="safety")
    modes.decide(asked, staff=manager, approve=True)
    found = AuditEntry.objects.filter(target_id=str(asked.pk)).order_by("id")
    assert [(one.actor, one.reason) for one in found] == [(guard.pk, "mode_locked"), (manager.pk, "approved")]
