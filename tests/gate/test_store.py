"""What the gate's disk holds, and no longer holds."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from anju.gate.store import Store
from anju.grants.grant import Ended
from tests.gate import made
from tests.gate.made import Gate, a_face


def on_disk(gate: Gate) -> bytes:
    """Every byte of the database, its log and its index."""
    return b"".join(path.read_bytes() for path in sorted(gate.home.glob("gate.db*")))


def sealed(gate: Gate) -> bytes:
    """A template as it lies on the disk."""
    with sqlite3.connect(gate.home / "gate.db") as database:
        return bytes(database.execute("select sealed from templates").fetchone()[0])


def test_a_template_on_the_disk_cannot_be_read_without_the_gates_key(gate: Gate) -> None:
    who, vector = made.grant(), a_face()
    gate.knows(who, [vector])
    raw = vector.astype("<f4").tobytes()
    assert raw[:64] not in on_disk(gate)
    assert raw[-64:] not in on_disk(gate)
    other = Store(gate.home / "gate.db", b"x" * 32)
    assert other.templates() == {}
    other.close()


def test_a_template_that_was_ended_is_nowhere_on_the_disk(gate: Gate) -> None:
    who = made.grant()
    gate.knows(who, [a_face()])
    before = sealed(gate)
    assert before in on_disk(gate)
    gate.learn(Ended(who.id, 2))
    assert before not in on_disk(gate)
    assert before[:64] not in on_disk(gate)
    assert before[-64:] not in on_disk(gate)


def test_a_template_that_was_replaced_is_nowhere_on_the_disk(gate: Gate) -> None:
    who = made.grant()
    gate.knows(who, [a_face()])
    before = sealed(gate)
    gate.brain.learn_faces([(who.id, 1, [a_face()])])
    assert before[:64] not in on_disk(gate)


def test_a_template_moved_to_another_grant_does_not_open(gate: Gate) -> None:
    one, other = made.grant(), made.grant()
    gate.knows(one, [a_face()])
    gate.learn(other)
    with sqlite3.connect(gate.home / "gate.db") as database:
        database.execute("update templates set grant_id = ?", [str(other.id)])
    assert gate.restarted().brain.counts["templates"] == 0


def test_only_the_gates_own_user_may_read_its_files(gate: Gate) -> None:
    assert {path.stat().st_mode & 0o077 for path in gate.home.glob("gate.db*")} == {0}


def test_entries_leave_the_store_when_the_bus_has_them_and_not_before(gate: Gate) -> None:
    for _ in range(3):
        gate.brain.permit("nonsense")
    numbers = [number for number, _, _ in gate.store.waiting(10)]
    assert numbers == sorted(numbers)
    gate.store.delivered(numbers[:2])
    assert [number for number, _, _ in gate.store.waiting(10)] == numbers[2:]


def test_an_answer_to_a_command_is_kept_for_ten_minutes(gate: Gate) -> None:
    now = datetime.now(UTC)
    gate.store.obeyed("one", b"first", now)
    gate.store.obeyed("two", b"second", now + timedelta(minutes=9))
    assert gate.store.answer_to("one") == b"first"
    gate.store.obeyed("three", b"third", now + timedelta(minutes=11))
    assert gate.store.answer_to("one") is None
    assert gate.store.answer_to("two") == b"second"


def test_a_batch_that_fails_leaves_nothing_behind(gate: Gate) -> None:
    with pytest.raises(AttributeError):
        gate.store.apply([made.grant(), "no grant"], 2)  # type: ignore[list-item]
    assert gate.store.grants() == []
    assert gate.store.applied() == 0


def test_a_stream_that_was_made_anew_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path / "gate.db", b"k" * 32)
    store.apply([Ended(uuid4(), 1)], 90)
    store.apply([Ended(uuid4(), 1)], 80)  # sent again
    assert store.applied() == 90
    store.rewind(95)
    assert store.applied() == 90
    store.rewind(3)
    assert store.applied() == 3
    store.close()
