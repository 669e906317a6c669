"""Keeps the parts running: starts them in order, restarts what dies, stops all of it cleanly, one log file a part."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from anju.installation.paths import LOGS, RUN, VAR
from anju.site.parts import Part, environment

APART = "sip-"
"""How the names of parts begin that are started and stopped by themselves."""
LOG_BYTES = 10 * 1024 * 1024
Say = Callable[[str], None]


class StartError(RuntimeError):
    """A part did not come up; the message says where to look."""


def only_one(prefix: str = "") -> IO[str]:
    """This installation's lock, held as long as the file is open; what a run that was killed left behind is ended first.

    prefix: of the names of the parts it is about; none: all that have no supervisor of their own.
    Raises StartError when another run holds it.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    lock = (RUN / f"{prefix}lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(f"Anju is running here already ({VAR}) / 此处已在运行") from error
    for path in RUN.glob(f"{prefix}*.pid"):
        if not prefix and path.name.startswith(APART):
            continue
        pid = int(path.read_text())
        if _is_ours(pid):
            _end_group(pid)
        path.unlink()
    return lock


def _is_ours(pid: int) -> bool:
    """Whether this process was started by a supervisor of this installation; process numbers are used again."""
    try:
        return f"ANJU_VAR={VAR}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _end_group(pid: int) -> None:
    """End whatever is left of a part: a server that was killed leaves workers that still hold its port."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _cut(path: Path) -> None:
    """Keep a log from filling the disk, which strangers could have it do: what it had is the one before, and it begins anew.

    Its part goes on writing to the same file, at its end, wherever that is now.
    """
    if path.exists() and path.stat().st_size > LOG_BYTES:
        with contextlib.suppress(OSError):  # the disk may be full already
            shutil.copyfile(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)


class Supervisor:
    """One process tree. `say` gets a line whenever something happens that an operator should know."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._parts: dict[str, Part] = {}
        self._logs: dict[str, IO[bytes]] = {}
        self._stopping = threading.Event()
        LOGS.mkdir(parents=True, exist_ok=True)
        RUN.mkdir(parents=True, exist_ok=True)

    def _spawn(self, part: Part) -> None:
        path = LOGS / f"{part.name}.log"
        _cut(path)
        self._logs[part.name] = log = path.open("ab")
        self._running[part.name] = subprocess.Popen(
            part.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/" if part.user else VAR,
            env={**environment(), **part.environment},
            user=part.user,
            group=part.user,
            extra_groups=[] if part.user else None,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops the parts in order
        )
        (RUN / f"{part.name}.pid").write_text(str(self._running[part.name].pid))

    def start(self, part: Part, seconds: float = 60, ready: Callable[[], None] | None = None) -> float:
        """Start a part and wait until it is well (or until `ready` returns). Returns the seconds it took. Raises StartError."""
        began = time.monotonic()
        self._parts[part.name] = part
        self._spawn(part)
        if ready is not None:
            ready()
            return time.monotonic() - began
        ill: str | None = "did not start"
        while time.monotonic() - began < seconds:
            if self._running[part.name].poll() is not None:
                raise StartError(f"{part.name} ended at once: see {LOGS / part.name}.log")
            ill = part.well()
            if ill is None:
                return time.monotonic() - began
            time.sleep(0.05)
        raise StartError(f"{part.name} {ill}")

    def watch(self) -> None:
        """Restart what dies, until `stop`. A part that keeps dying is tried again ever more slowly, at most every 10 s."""
        delays: dict[str, float] = {}
        due: dict[str, float] = {}
        while not self._stopping.wait(0.2):
            now = time.monotonic()
            for name in list(self._logs):
                _cut(LOGS / f"{name}.log")
            for name, process in list(self._running.items()):
                if process.poll() is None:
                    if now - due.get(name, 0) > 60:
                        delays.pop(name, None)
                    continue
                if name not in due or due[name] < now - 60:
                    due[name] = now + delays.get(name, 0)
                if now < due[name]:
                    continue
                delays[name] = min(10.0, delays.get(name, 0.25) * 2)
                due[name] = now + delays[name]
                self._say(f"{name} died ({process.returncode}), restarting")
                _end_group(process.pid)
                self._spawn(self._parts[name])

    def stop(self) -> None:
        """Stop every part, the last started first; what does not stop in 10 s is killed."""
        self._stopping.set()
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(self._parts[name].stop_signal)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    _end_group(process.pid)
                    process.wait()
            _end_group(process.pid)
            (RUN / f"{name}.pid").unlink(missing_ok=True)
            self._logs[name].close()
