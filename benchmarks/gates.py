"""A thousand gates at once: how long until they are connected and know everybody, entries a second, a revocation to the last of them.

A city is many communities: fifty of twenty gates and four hundred people by default, so four hundred thousand grants. Nobody has
twenty thousand people at each of a thousand gates.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from anju.installation.paths import REPO
from anju.site.processes import family
from anju.site.report import Bar, Figure, Report
from anju.site.tour import scratch
from benchmarks.figures import percentile
from benchmarks.memory import megabytes

GATES = 1000
PEOPLE = 20_000
AT_EACH_COMMUNITY = 20
EVERYWHERE = 20
"""People with a right at every gate, whose revocations are measured."""
ENTRIES_EACH = 10
ENTRIES_IN = 10.0
SETTLE = 10
PATIENCE = 1800


class Helper:
    """A process that is told what to do in lines of JSON and answers in lines."""

    def __init__(self, module: str, *arguments: str, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *said: object) -> dict[str, Any]:  # Any: JSON
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the helper has died"
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def _helper(module: str, *arguments: str, environment: dict[str, str]) -> Iterator[Helper]:
    one = Helper(module, *arguments, environment=environment)
    try:
        yield one
    finally:
        one.end()


@contextmanager
def _in_memory() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="anju-fleet-", dir="/dev/shm"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory(place: scratch.Place) -> dict[str, float]:
    """MB of each part and its children."""
    found = {}
    for path in (place.home / "run").glob("*.pid"):
        if path.stem != "gate":
            found[path.stem] = sum(megabytes(one) for one in family(int(path.read_text())))
    return found


def _until(what: Callable[[], bool], every: float = 0.2) -> float:
    """When it came true. Raises AssertionError when it does not."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it never came to pass"
        time.sleep(every)
    return time.time()


def run(report: Report, gates: int = GATES, people: int = PEOPLE) -> None:
    """One city on one scratch system."""
    communities = max(1, gates // AT_EACH_COMMUNITY)
    each = people // communities
    with scratch.running() as place, _in_memory() as folder:
        city_environment = {**place.environment, "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
        with _helper("benchmarks.city", environment=city_environment) as city:
            plan = city.ask("prepare", communities, gates // communities, each, EVERYWHERE)
            (folder / "plan.json").write_text(json.dumps(plan))
            idle = _memory(place)
            with (
                _helper(
                    "benchmarks.fleet", str(folder / "plan.json"), str(folder), environment=place.environment
                ) as fleet,
                psycopg.connect(scratch.superuser(place, "anju"), autocommit=True) as connection,
            ):
                _measure(report, place, city, fleet, plan, connection, each, idle)


def _measure(
    report: Report,
    place: scratch.Place,
    city: Helper,
    fleet: Helper,
    plan: dict[str, Any],
    connection: "psycopg.Connection[tuple[int]]",
    each: int,
    idle: dict[str, float],
) -> None:
    count = len(plan["gates"])
    grants = count * each
    report.add("gates connected, set and with nothing left unread", Figure(fleet.ask("connect")["seconds"], "s"))
    began = city.ask("tell", plan["communities"])["began"]
    known = _until(lambda: fleet.ask("counts")["grants"] >= grants, every=1)
    report.add(f"{grants:,} grants told and taken in", Figure(known - began, "s"))
    report.add("grants a second, platform to gates' stores", Figure(grants / (known - began), "grants/s"))
    _entries(report, fleet, connection, count)
    time.sleep(SETTLE)
    spans: list[float] = []
    written: list[float] = []
    first: list[float] = []
    for person in plan["couriers"]:
        fleet.ask("forget_ends")
        told = city.ask("revoke", person)
        _until(lambda: fleet.ask("counts")["ended"] >= count, every=0.1)
        reached = list(fleet.ask("ends").values())
        written.append(told["done"] - told["began"])
        first.append(min(reached) - told["began"])
        spans.append(max(reached) - told["began"])
    report.add("... until it is written down in every community, p50", Figure(percentile(written, 0.5), "s"))
    report.add("... until the first gate has applied it, p50", Figure(percentile(first, 0.5), "s"))
    report.add("revoked to the last gate, p50", Figure(percentile(spans, 0.5), "s"))
    report.add("revoked to the last gate, p99", Figure(percentile(spans, 0.99), "s", 2, note=f"of {len(spans)}"))
    time.sleep(SETTLE)
    busy = _memory(place)
    more = {name: busy[name] - idle.get(name, 0) for name in busy}
    note = ", ".join(f"{name} {value:+.0f}" for name, value in sorted(more.items()))
    without_database = sum(value for name, value in more.items() if name != "postgres")
    report.add("memory for them, platform and NATS (PSS)", Figure(without_database, "MB", 400, note=note))


def _entries(report: Report, fleet: Helper, connection: "psycopg.Connection[tuple[int]]", count: int) -> None:
    before = _rows(connection)
    told = fleet.ask("come_in", ENTRIES_EACH, ENTRIES_IN)
    wanted = count * ENTRIES_EACH
    report.add("entries decided locally", Figure(told["opened"], "entries", wanted, Bar.AT_LEAST))
    arrived = _until(lambda: _rows(connection) - before >= wanted)
    report.add("entries a second, gates to database", Figure(wanted / (arrived - told["began"]), "entries/s"))
    time.sleep(1)
    report.add("entries too many", Figure(_rows(connection) - before - wanted, "entries", 0))


def _rows(connection: "psycopg.Connection[tuple[int]]") -> int:
    row = connection.execute("select count(*) from access_entry").fetchone()
    return row[0] if row else 0
