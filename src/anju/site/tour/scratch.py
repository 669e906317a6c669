"""A whole Anju of its own for the tour: nobody's data is touched, and nothing is left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anju.installation.paths import REPO

START_SECONDS = 600
STOP_SECONDS = 30


class DidNotStart(RuntimeError):
    """The system did not come up; the message ends with its last words."""


@dataclass(frozen=True)
class Place:
    """A running system. demo: the demo sign-ins by role."""

    home: Path
    front: str
    gate: str
    demo: dict[str, Any]  # JSON


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[Place]:
    """Start everything with `./anju up` in a folder of its own, and stop it at the end. Raises DidNotStart."""
    home = Path(tempfile.mkdtemp(prefix="anju-tour-"))
    home.chmod(0o711)  # PostgreSQL runs as a user of its own when we are root
    front, gate = _free(), _free()
    own = {"ANJU_VAR": str(home), "ANJU_PORT": str(front), "ANJU_GATE_PORT": str(gate), "PYTHONPATH": str(REPO / "src")}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "ANJU_DATABASE", "ANJU_ORIGIN")
    }
    log = home / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "anju.site.cli", "up"], env={**kept, **own}, stdout=out, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, home)
        yield Place(
            home, f"http://localhost:{front}", f"ws://127.0.0.1:{gate}", json.loads((home / "demo.json").read_text())
        )
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)


def _wait(process: "subprocess.Popen[bytes]", home: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not (home / "run" / "ready").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise DidNotStart((home / "up.log").read_text()[-2000:])
        time.sleep(0.1)
