"""A gate on a disk that is really full: a small file system of its own."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anju.gate.alarms import Alarms, DoorWatch
from anju.grants.grant import Ended
from tests.gate import made
from tests.gate.made import Gate, Phone

SIZE = 4 * 2**20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes; skips, and says so, where this user may not make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "anju-test", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("only root may mount the small file system that this needs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Until nothing more fits."""
    path = folder / "rubbish"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            pass
    return path


@pytest.fixture
def gate(small: Path) -> Iterator[Gate]:
    one = Gate(small)
    one.told_the_time()
    yield one
    one.close()


def come_in(gate: Gate, phone: Phone, times: int) -> None:
    for number in range(times):
        # Thousands of codes within one second would sooner or later share their four random bytes.
        shown = datetime.now(UTC) + timedelta(seconds=number % 50 - 25)
        assert gate.brain.permit(phone.permit(shown)).open


def test_people_come_in_and_nothing_that_happened_is_forgotten(gate: Gate, small: Path) -> None:
    phone = Phone()
    gate.learn(made.grant(phone))
    watch = DoorWatch(Alarms(gate.brain), gate.brain)
    come_in(gate, phone, 3)
    rubbish = fill(small)
    come_in(gate, phone, 200)
    watch.look(1.0)
    assert gate.door.opened == 203
    assert gate.store.queued() == 204  # and the alarm
    assert [one["alarm"] for one in gate.entries() if "alarm" in one] == ["store"]
    fill(small)  # the reserve as well
    come_in(gate, phone, 2000)
    assert gate.store.health == "full"
    ids = [name for _, name, _ in gate.store.waiting(10_000)]
    assert len(ids) == len(set(ids)) == 2204
    rubbish.unlink()
    watch.look(2.0)
    assert gate.store.health != "full"
    again = gate.restarted()
    assert again.store.queued() >= 2204
    again.close()


def test_what_was_sent_is_not_sent_again_although_it_cannot_be_deleted(gate: Gate, small: Path) -> None:
    phone = Phone()
    gate.learn(made.grant(phone))
    fill(small)
    come_in(gate, phone, 50)
    fill(small)
    come_in(gate, phone, 1500)
    waiting = gate.store.waiting(10_000)
    gate.store.delivered([number for number, _, _ in waiting])
    assert gate.store.queued() == 0
    assert gate.store.waiting(10_000) == []


def test_a_right_that_has_ended_ends_on_a_full_disk_too(gate: Gate, small: Path) -> None:
    phone = Phone()
    holder = made.grant(phone)
    gate.learn(holder)
    fill(small)
    gate.store._reserve.release = lambda: False  # type: ignore[method-assign]  # not even its reserve helps
    come_in(gate, phone, 2000)
    fill(small)
    with pytest.raises(Exception, match="full"):
        gate.learn(Ended(holder.id, 2))
    assert not gate.brain.permit(phone.permit()).open
