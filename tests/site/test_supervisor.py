"""Keeping parts alive, and leaving none behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.installation import paths
from anju.site import parts, supervisor
from anju.site.parts import Part
from anju.site.supervisor import StartError, Supervisor, only_one

# A server with a worker of its own, as granian is: killed, it leaves the worker behind.
SERVER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # worker"])
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (paths, supervisor, parts):
        for name, place in (("VAR", tmp_path), ("LOGS", tmp_path / "log"), ("RUN", tmp_path / "run")):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, place)
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def running(home: Path, said: list[str]) -> Iterator[Supervisor]:
    one = Supervisor(said.append)
    one.start(Part("server", lambda: [sys.executable, "-c", SERVER], lambda: None))
    yield one
    one.stop()


def pid(home: Path) -> int:
    return int((home / "run" / "server.pid").read_text())


def group(leader: int) -> list[int]:
    """Everybody alive in this process group."""
    found = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in found.splitlines()]
    return [int(one) for one, its, state in rows if int(its) == leader and not state.startswith("Z")]


def until(holds: object, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_what_dies_is_started_again_and_its_leftovers_go(running: Supervisor, home: Path, said: list[str]) -> None:
    threading.Thread(target=running.watch, daemon=True).start()
    first = pid(home)
    assert until(lambda: len(group(first)) == 2)
    os.kill(first, signal.SIGKILL)
    assert until(lambda: pid(home) != first)
    assert until(lambda: group(first) == [])
    assert "server died" in said[0]


def test_stopping_leaves_nobody_behind(running: Supervisor, home: Path) -> None:
    leader = pid(home)
    assert until(lambda: len(group(leader)) == 2)
    running.stop()
    assert until(lambda: group(leader) == [])
    assert not (home / "run" / "server.pid").exists()


def test_only_one_run_at_a_time(home: Path) -> None:
    with only_one(), pytest.raises(StartError, match="running here already"):
        only_one()
    only_one().close()


def test_what_a_killed_run_left_is_ended_and_nobody_elses_process(home: Path) -> None:
    (home / "run").mkdir()
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = subprocess.Popen(sleep, env={**os.environ, "ANJU_VAR": str(home)}, start_new_session=True)
    others = subprocess.Popen(sleep, env={**os.environ, "ANJU_VAR": "/elsewhere"}, start_new_session=True)
    for name, process in (("ours", ours), ("others", others)):
        (home / "run" / f"{name}.pid").write_text(str(process.pid))
    with only_one():
        assert ours.wait(5) == -signal.SIGKILL
        assert others.poll() is None
    others.kill()


def test_a_part_that_ends_at_once_is_named_with_its_log(home: Path) -> None:
    one = Supervisor(lambda line: None)
    with pytest.raises(StartError, match=r"broken ended at once: see .*broken\.log"):
        one.start(Part("broken", lambda: [sys.executable, "-c", "raise SystemExit(1)"], lambda: "not yet"))


def test_a_log_that_strangers_fill_is_begun_anew(home: Path) -> None:
    one = Supervisor(lambda line: None)
    shout = "while True: print('x' * 100_000, flush=True); import time; time.sleep(0.001)"
    one.start(Part("shouter", lambda: [sys.executable, "-c", shout], lambda: None))
    threading.Thread(target=one.watch, daemon=True).start()
    log = home / "log" / "shouter.log"
    try:
        assert until(lambda: log.with_suffix(".log.1").exists(), 20)
        assert until(lambda: 0 < log.stat().st_size < supervisor.LOG_BYTES)
    finally:
        one.stop()
    assert b"\0" not in log.read_bytes()
