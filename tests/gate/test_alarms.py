"""What staff must hear of: stored like entries, said once, and never lost for want of a disk."""

import pytest

from anju.gate.alarms import HELD_SECONDS, Alarm, Alarms, DoorWatch, hear
from anju.gate.modes import Mode
from tests.gate.made import Gate


@pytest.fixture
def watch(gate: Gate) -> DoorWatch:
    return DoorWatch(Alarms(gate.brain), gate.brain)


def told(gate: Gate) -> list[tuple[str, bool]]:
    return [(one["alarm"], one["on"]) for one in gate.entries() if "alarm" in one]


def test_a_door_that_opens_by_itself_is_forced(gate: Gate, watch: DoorWatch) -> None:
    hear("open", watch, 100.0)
    hear("closed", watch, 104.0)
    assert told(gate) == [("forced", True), ("forced", False)]


def test_a_door_that_was_told_to_open_is_not(gate: Gate, watch: DoorWatch) -> None:
    gate.door.held = True  # as long as the lock lets go
    watch.look(100.0)
    gate.door.held = False
    hear("open", watch, 102.0)
    hear("closed", watch, 105.0)
    assert told(gate) == []


def test_nor_is_one_opened_by_the_button_inside(gate: Gate, watch: DoorWatch) -> None:
    hear("exit", watch, 100.0)
    hear("open", watch, 104.0)
    assert told(gate) == []


def test_a_door_left_open_is_told_of_and_so_is_its_closing(gate: Gate, watch: DoorWatch) -> None:
    hear("exit", watch, 100.0)
    hear("open", watch, 101.0)
    watch.look(110.0 + HELD_SECONDS - 1)
    assert told(gate) == []
    watch.look(110.0 + HELD_SECONDS + 1)
    watch.look(110.0 + HELD_SECONDS + 2)
    hear("closed", watch, 200.0)
    assert told(gate) == [("held_open", True), ("held_open", False)]


def test_a_gate_that_is_to_stand_open_gives_no_alarm(gate: Gate, watch: DoorWatch) -> None:
    gate.brain.modes.follow(Mode.FREE, 1)
    watch.look(99.0)
    hear("open", watch, 100.0)
    watch.look(100.0 + 10 * HELD_SECONDS)
    assert told(gate) == []


def test_an_opened_case_is_told_of_once(gate: Gate, watch: DoorWatch) -> None:
    for line in ("tamper", "tamper", "whole"):
        hear(line, watch, 100.0)
    assert told(gate) == [("tamper", True), ("tamper", False)]


def test_an_alarm_that_was_on_before_a_power_cut_ends_after_it(gate: Gate, watch: DoorWatch) -> None:
    hear("tamper", watch, 100.0)
    again = gate.restarted()
    later = DoorWatch(Alarms(again.brain), again.brain)
    hear("tamper", later, 1.0)
    hear("whole", later, 2.0)
    assert told(again) == [("tamper", True), ("tamper", False)]
    again.close()


def test_nonsense_from_the_sensors_is_no_alarm(gate: Gate, watch: DoorWatch) -> None:
    for line in ("", "OPEN", "tamper on", "x" * 10_000):
        hear(line, watch, 100.0)
    assert Alarms(gate.brain).on == set() == {one for one in Alarm if one in watch.alarms.on}
