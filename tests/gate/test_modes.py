"""A locked gate opens for nobody's right; one that stands open stays so; both outlive a power cut."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from anju.gate.approach import Approach
from anju.gate.brain import Brain
from anju.gate.eyes import Sight
from anju.gate.modes import Mode
from anju.grants import encoding, marks
from anju.grants.decision import Reason
from anju.grants.grant import Way
from anju.recognition.gallery import Match
from tests.gate import made
from tests.gate.made import Gate, Phone

KEY = bytes(range(32))


def settings(**more: Any) -> bytes:
    plain = {"name": "东门", "kind": "door", "direction": "both", "tag_key": encoding.encode(KEY)}
    return json.dumps({**plain, **more}).encode()


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def locked(gate: Gate, phone: Phone) -> Gate:
    gate.told_the_time()
    gate.brain.set(settings())
    gate.learn(made.grant(phone, marks=frozenset({marks.tag(KEY, "card:1")})))
    gate.brain.modes.follow(Mode.LOCKED, 5)
    return gate


def every_right(brain: Brain, phone: Phone) -> list[Reason]:
    (grant,) = brain.grants()
    return [
        brain.permit(phone.permit()).reason,
        brain.mark("card:1", Way.CARD, Reason.CARD_UNKNOWN).reason,
        brain.face(Match(grant.holder, 0.9, 0.1, sure=True)).reason,
        brain.remote(grant.id)[0].reason,
    ]


def test_a_locked_gate_opens_for_nobodys_right(locked: Gate, phone: Phone) -> None:
    assert set(every_right(locked.brain, phone)) == {Reason.LOCKED}
    assert locked.door.opened == 0
    assert {(one["result"], one["reason"]) for one in locked.entries()} == {("refused", "locked")}


def test_staff_open_a_locked_gate_for_a_reason(locked: Gate) -> None:
    assert locked.brain.remote(None)[0].open
    assert locked.door.opened == 1


def test_a_stranger_at_a_locked_gate_is_still_a_stranger(locked: Gate) -> None:
    assert locked.brain.permit(Phone().permit()).reason is Reason.QR_UNKNOWN


def test_a_lock_outlives_a_power_cut(locked: Gate, phone: Phone) -> None:
    again = locked.restarted()
    again.told_the_time()
    assert set(every_right(again.brain, phone)) == {Reason.LOCKED}
    again.close()


def test_a_door_that_stood_open_stands_open_after_a_power_cut(gate: Gate) -> None:
    gate.brain.modes.follow(Mode.FREE, 1)
    again = gate.restarted()
    assert again.door.held
    again.close()


def test_back_to_normal_lets_people_in_again(locked: Gate, phone: Phone) -> None:
    locked.brain.modes.follow(Mode.NORMAL, 6)
    assert locked.brain.permit(phone.permit()).open


def test_an_older_word_changes_nothing(locked: Gate) -> None:
    assert not locked.brain.modes.follow(Mode.NORMAL, 5)
    assert not locked.brain.modes.follow(Mode.FREE, 4)
    assert locked.brain.modes.now is Mode.LOCKED


def test_a_gate_that_was_away_follows_by_its_settings(gate: Gate) -> None:
    gate.brain.set(settings(mode={"mode": "free", "number": 9}))
    assert gate.door.held
    gate.brain.set(settings(mode={"mode": "normal", "number": 10}))
    assert not gate.door.held


@pytest.mark.parametrize("mode", [{"mode": "ajar", "number": 1}, {"mode": "free"}, {"mode": "free", "number": -1}, 5])
def test_settings_with_nonsense_for_a_mode_change_nothing(gate: Gate, mode: object) -> None:
    gate.brain.set(settings())
    with pytest.raises(ValueError, match=r"[Mm]ode"):
        gate.brain.set(settings(name="西门", mode=mode))
    assert gate.brain.settings.name == "东门"
    assert not gate.door.held


def test_a_gate_registered_anew_knows_no_earlier_mode(locked: Gate, tmp_path: Path) -> None:
    locked.store.serve(locked.me.gate, "another registration")
    assert locked.store.mode() is None


def test_the_screen_says_that_it_is_locked_and_looks_at_nobody(locked: Gate) -> None:
    approach = Approach(locked.brain)
    shown = approach.see(Sight(), time.monotonic())
    assert (shown.state, shown.code) == ("refused", "locked")
    assert "锁闭" in shown.text.zh


def test_the_screen_says_that_one_may_go_through(gate: Gate) -> None:
    gate.brain.modes.follow(Mode.FREE, 1)
    shown = Approach(gate.brain).see(Sight(), time.monotonic())
    assert (shown.state, shown.code) == ("granted", "free_pass")
