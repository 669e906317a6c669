"""Alarms: told once, kept until somebody has seen to them, and nothing a gate says makes two of one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from uuid6 import uuid7

from anju.access import actions, entries
from anju.access.models import Entry, Gate
from anju.fleet import alarms, watch
from anju.fleet.models import Alarm
from anju.homes.models import Community, Duty
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from tests import factories


@pytest.fixture(autouse=True)
def _in_sight(community: Community) -> None:
    scope.enter(None, [community.pk])


def said(alarm: str, on: bool = True, **facts: Any) -> bytes:
    plain = {"id": str(uuid7()), "at": timezone.now().isoformat(), "alarm": alarm, "on": on}
    return json.dumps({**plain, **facts}).encode()


def tell(gate: Gate, *messages: bytes) -> None:
    entries.store([(f"entries.{gate.pk}", message) for message in messages])


def known(gate: Gate) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.state, one.over_at is not None) for one in Alarm.objects.filter(gate=gate).order_by("at")]


def notices(person: Person) -> int:
    with scope.person(person.pk):
        return Notice.objects.filter(person=person, kind=Notice.Kind.GATE).count()


def well(gate: Gate) -> None:
    """The gate says that all is well."""
    actions.apply_state(gate.pk, {"applied": 0, "offset_ms": 3, "store": "ok"})


def test_a_forced_door_is_told_to_whoever_watches(gate: Gate, guard: Person) -> None:
    tell(gate, said("forced"))
    assert known(gate) == [("forced", "open", False)]
    assert notices(guard) == 1


def test_the_same_message_twice_is_one_alarm(gate: Gate, guard: Person) -> None:
    message = said("forced")
    tell(gate, message, message)
    tell(gate, message)
    assert known(gate) == [("forced", "open", False)]
    assert notices(guard) == 1


def test_it_is_over_and_somebody_says_what_it_was(gate: Gate, guard: Person) -> None:
    tell(gate, said("held_open"), said("held_open", on=False))
    (alarm,) = Alarm.objects.filter(gate=gate)
    alarms.see_to(alarm, staff=guard)
    alarms.close(alarm, staff=guard, word="搬家公司挡住了门，已请其移开")
    assert known(gate) == [("held_open", "closed", True)]


def test_a_message_that_comes_again_after_that_opens_nothing(gate: Gate, guard: Person) -> None:
    on, off = said("tamper"), said("tamper", on=False)
    tell(gate, on, off)
    alarms.close(Alarm.objects.get(gate=gate), staff=guard, word="检修")
    tell(gate, on)
    assert known(gate) == [("tamper", "closed", True)]


def test_what_happens_again_meanwhile_is_counted(gate: Gate, guard: Person) -> None:
    now = timezone.now()
    for minutes, on in ((9, True), (8, False), (7, True)):
        tell(gate, said("forced", on=on, at=(now - timedelta(minutes=minutes)).isoformat()))
    (alarm,) = Alarm.objects.filter(gate=gate)
    assert (alarm.times, alarm.over_at) == (2, None)
    assert notices(guard) == 1


@pytest.mark.parametrize("word", ["", "  "])
def test_no_alarm_is_closed_without_a_word(gate: Gate, guard: Person, word: str) -> None:
    tell(gate, said("tamper"), said("tamper", on=False))
    with pytest.raises(Refused) as refused:
        alarms.close(Alarm.objects.get(gate=gate), staff=guard, word=word)
    assert refused.value.code == "word_required"


def test_no_alarm_is_closed_while_its_cause_is_there(gate: Gate, guard: Person) -> None:
    tell(gate, said("tamper"))
    with pytest.raises(Refused) as refused:
        alarms.close(Alarm.objects.get(gate=gate), staff=guard, word="检修")
    assert refused.value.code == "still_on"


def test_others_do_not_close_it(gate: Gate, community: Community) -> None:
    tell(gate, said("tamper"), said("tamper", on=False))
    for other in (factories.staff(community, Duty.CASHIER), factories.staff(factories.community(), Duty.GUARD)):
        with pytest.raises(Refused):
            alarms.close(Alarm.objects.get(gate=gate), staff=other, word="检修")


NONSENSE: list[dict[str, Any]] = [
    {"alarm": "earthquake"}, {"alarm": "offline"}, {"alarm": []}, {"on": 1}, {"id": "x"}, {"at": "soon"},
]  # fmt: skip


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
def test_nonsense_is_no_alarm_and_holds_up_nothing(gate: Gate, nonsense: dict[str, Any]) -> None:
    tell(gate, said(**{"alarm": "forced", **nonsense}), said("forced"))
    assert known(gate) == [("forced", "open", False)]


def test_a_gate_that_falls_silent_is_missed_and_its_return_is_noticed(gate: Gate, guard: Person) -> None:
    well(gate)
    watch.look()
    assert known(gate) == []
    Gate.objects.filter(pk=gate.pk).update(seen_at=timezone.now() - timedelta(seconds=61))
    watch.look()
    watch.look()
    assert known(gate) == [("offline", "open", False)]
    assert notices(guard) == 1
    well(gate)
    watch.look()
    assert known(gate) == [("offline", "open", True)]


@pytest.mark.parametrize("offset", [2001, -2001, 3_600_000, -3_600_000])
def test_a_clock_that_is_wrong_is_told(gate: Gate, offset: int) -> None:
    actions.apply_state(gate.pk, {"applied": 0, "offset_ms": offset})
    watch.look()
    assert known(gate) == [("clock", "open", False)]


def test_a_clock_within_two_seconds_is_not(gate: Gate) -> None:
    actions.apply_state(gate.pk, {"applied": 0, "offset_ms": 1999})
    watch.look()
    assert known(gate) == []


def test_a_full_disk_is_told_by_the_gates_health_as_well(gate: Gate) -> None:
    actions.apply_state(gate.pk, {"applied": 0, "store": "full"})
    watch.look()
    assert known(gate) == [("store", "open", False)]


def test_a_gate_whose_receipts_are_doubted_is_told(gate: Gate) -> None:
    well(gate)
    Gate.objects.filter(pk=gate.pk).update(suspect_since=timezone.now())
    watch.look()
    assert known(gate) == [("suspect", "open", False)]


def test_a_flood_from_one_gate_is_told_and_its_entries_are_kept(gate: Gate, community: Community) -> None:
    well(gate)
    flood = [
        json.dumps(
            {
                "id": str(uuid7()), "at": timezone.now().isoformat(), "grant": None, "holder": None, "way": "qr",
                "result": "refused", "reason": "qr_unknown", "score": None, "second": None, "offset_ms": 0,
            }
        ).encode()
        for _ in range(watch.MOST_A_MINUTE + 1)
    ]  # fmt: skip
    tell(gate, *flood[:-1])
    watch.look()
    assert known(gate) == []
    tell(gate, flood[-1])
    watch.look()
    assert known(gate) == [("flood", "open", False)]
    assert Entry.objects.filter(gate=gate).count() == watch.MOST_A_MINUTE + 1
