"""Gate, bus, database and web killed in turn while people come in: nothing lost, nothing counted twice, the gate goes on."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from websockets.exceptions import WebSocketException

from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour import scratch
from anju.site.tour.kiosk import Kiosk
from anju.site.tour.resident import Resident

ENTRIES = 500
EVERY = 100
"""Entries between two deaths."""
VICTIMS = ("nats", "postgres", "web", "gate")
SETTLE = 60


@dataclass
class Count:
    """shown: the kiosk said that the door is open. tried: codes held up at all. away: seconds the gate did not answer."""

    shown: int = 0
    tried: int = 0
    away: float = 0.0
    during: dict[str, int] = field(default_factory=dict)


def _kill(place: scratch.Place, victim: str) -> None:
    os.kill(int((place.home / "run" / f"{victim}.pid").read_text()), signal.SIGKILL)


def _come_in(place: scratch.Place, app: Resident, count: Count, at: Callable[[int], None]) -> None:
    """Hold up one fresh code after another; a kiosk that died is asked again."""
    kiosk: Kiosk | None = None
    last = time.perf_counter()
    while count.shown < ENTRIES:
        try:
            kiosk = kiosk or Kiosk(place.gate)
            count.tried += 1
            if kiosk.scan(app.permit()).opened:
                count.shown += 1
                last = time.perf_counter()
                at(count.shown)
        except (OSError, WebSocketException, TimeoutError):
            kiosk = None
            count.away = max(count.away, time.perf_counter() - last)
            time.sleep(0.05)


def _rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from access_entry where way = 'qr' and result = 'granted'").fetchone()
    return int(row[0]) if row else 0


def run(report: Report) -> None:
    """500 entries, each victim killed once on the way."""
    count = Count()
    with scratch.running() as place:
        app = Resident.of_demo(place)
        app.make_key()
        url = scratch.superuser(place, "anju")
        with Kiosk(place.gate) as kiosk:
            while not kiosk.scan(app.permit()).opened:
                time.sleep(0.05)
        before = 1
        deaths: list[str] = []

        def at(shown: int) -> None:
            turn = shown // EVERY - 1
            if shown % EVERY == 0 and turn < len(VICTIMS):
                deaths.append(VICTIMS[turn])
                threading.Thread(target=_kill, args=(place, VICTIMS[turn])).start()
            if deaths:
                count.during[deaths[-1]] = count.during.get(deaths[-1], 0) + 1

        _come_in(place, app, count, at)
        rows = _settled(url, count.shown + before)
    report.add("entries shown as open", Figure(count.shown, "entries", ENTRIES, Bar.AT_LEAST))
    report.add("entries lost", Figure(max(0, count.shown + before - rows), "entries", 0, note=f"{rows} rows"))
    report.add(
        "entries too many",
        Figure(max(0, rows - count.tried - before), "entries", 0, note=f"{count.tried} codes held up"),
    )
    for victim in VICTIMS[:3]:
        report.add(f"the gate opened with {victim} dead", yes(count.during.get(victim, 0) > 0))
    report.add("longest the gate itself was away", Figure(count.away, "s", 30))


def _settled(url: str, wanted: int) -> int:
    """The rows once no more arrive."""
    until = time.monotonic() + SETTLE
    rows = -1
    while time.monotonic() < until:
        try:
            now = _rows(url)
        except psycopg.OperationalError:
            now = rows
        if now >= wanted and now == rows:
            return rows
        rows = now
        time.sleep(2)
    return rows
