"""Keeps the parts running: starts them in order, restarts what dies, stops all of it cleanly, one log file a part."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO

from anju.installation.paths import LOGS, VAR
from anju.site.parts import Part, environment

_LOG_BYTES = 10 * 1024 * 1024
Say = Callable[[str], None]


class StartError(RuntimeError):
    """A part did not come up; the message says where to look."""


class Supervisor:
    """One process tree. `say` gets a line whenever something happens that an operator should know."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._parts: dict[str, Part] = {}
        self._logs: dict[str, IO[bytes]] = {}
        self._stopping = threading.Event()
        LOGS.mkdir(parents=True, exist_ok=True)

    def _spawn(self, part: Part) -> None:
        path = LOGS / f"{part.name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
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
        (VAR / "run").mkdir(exist_ok=True)
        (VAR / "run" / f"{part.name}.pid").write_text(str(self._running[part.name].pid))

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
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            self._logs[name].close()
