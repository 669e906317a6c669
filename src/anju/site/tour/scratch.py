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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from anju.installation.paths import REPO

START_SECONDS = 600
STOP_SECONDS = 30


class DidNotStart(RuntimeError):
    """The system did not come up; the message ends with its last words."""


@dataclass(frozen=True)
class Place:
    """A running system. environment: what it was started with. demo: the demo sign-ins by role."""

    home: Path
    front: str
    gate: str
    environment: dict[str, str]
    demo: dict[str, Any]  # JSON


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path, front: int, gate: int) -> dict[str, str]:
    kept = {
        name: text for name, text in os.environ.items() if name not in ("DATABASE_URL", "ANJU_DATABASE", "ANJU_ORIGIN")
    }
    own = {
        "ANJU_VAR": str(home),
        "ANJU_PORT": str(front),
        "ANJU_GATE_PORT": str(gate),
        "ANJU_NEARBY_PORT": str(free_port()),
    }
    return {**kept, **own, "PYTHONPATH": str(REPO / "src")}


def new_home() -> Path:
    """An empty folder for a system."""
    home = Path(tempfile.mkdtemp(prefix="anju-scratch-"))
    home.chmod(0o711)  # PostgreSQL runs as a user of its own when we are root
    return home


@contextmanager
def running(*, keep: bool = False, home: Path | None = None, more: Mapping[str, str] | None = None) -> Iterator[Place]:
    """Start everything with `./anju up` in a folder of its own, and stop it at the end. Raises DidNotStart.

    keep: leave the folder for another start; `remove` it then. home: start again what was kept. more: further environment.
    """
    home = home or new_home()
    front, gate = free_port(), free_port()
    environment = {**_environment(home, front, gate), **(more or {})}
    with (home / "up.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "anju.site.cli", "up"],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait(process, home)
        demo = json.loads((home / "demo.json").read_text())
        yield Place(home, f"http://localhost:{front}", f"ws://127.0.0.1:{gate}", environment, demo)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def superuser(place: Place, database: str) -> str:
    """A scratch database's address with every right, for measuring; the database is made if there is none."""
    port = json.loads((place.home / "ports.json").read_text())["postgres"]
    password = (place.home / "keys" / "postgres-postgres").read_bytes().hex()
    address = f"postgresql://postgres:{password}@127.0.0.1:{port}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
    return f"{address}/{database}"


def remove(place: Place) -> None:
    """Delete a kept folder."""
    shutil.rmtree(place.home, ignore_errors=True)


def _wait(process: "subprocess.Popen[bytes]", home: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not (home / "run" / "ready").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise DidNotStart((home / "up.log").read_text()[-2000:])
        time.sleep(0.1)
