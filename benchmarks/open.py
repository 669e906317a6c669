"""The app's tap to the gate's answer, against a bare request on the same bus, in turns."""

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from anju.site.report import Figure, Report
from anju.site.tour import scratch
from benchmarks.figures import percentile

TAPS = 75
ROUNDS = 4
PAUSE = 0.05
"""Seconds between taps: what follows a tap (its entry stored, told live) is over before the next one."""
_AUTH = "/_allauth/browser/v1/auth"
_BARE = """
import asyncio, sys, time
from anju.bus import client as bus

async def main():
    here, there = await bus.connect("bench-a"), await bus.connect("bench-b")
    async def echo(message):
        await message.respond(message.data)
    await there.subscribe("bench.echo", cb=echo)
    await there.flush()
    for _ in range(int(sys.argv[1])):
        began = time.perf_counter()
        await here.request("bench.echo", b"x" * 200, timeout=2)
        print((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.05)

asyncio.run(main())
"""


def _bare(environment: dict[str, str]) -> list[float]:
    """Milliseconds of bare requests between two connections, in a process that knows the installation's keys."""
    command = [sys.executable, "-c", _BARE, str(TAPS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


class Phone:
    """The app in a browser, signed in: one kept connection, a session cookie, the CSRF header."""

    def __init__(self, front: str, phone: str, password: str) -> None:
        with httpx.Client(base_url=front) as browser:
            browser.get(f"{_AUTH}/session")
            browser.get("/_allauth/browser/v1/config")
            headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Origin": front}
            done = browser.post(f"{_AUTH}/login", json={"phone": phone, "password": password}, headers=headers)
            assert done.status_code == 200, done.text
            cookies = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
        self._headers = {
            "Cookie": "; ".join(f"{name}={text}" for name, text in cookies.items()),
            "X-CSRFToken": cookies["csrftoken"],
            "Origin": front,
        }
        address = urlsplit(front)
        self._line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)

    def tap(self, gate: str) -> float:
        """Open the gate. Returns milliseconds until it had answered."""
        began = time.perf_counter()
        self._line.request("POST", f"/api/v1/gates/{gate}/open", headers=self._headers)
        answer = self._line.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return (time.perf_counter() - began) * 1000


@contextmanager
def _ready() -> Iterator[tuple[scratch.Place, Phone, str]]:
    with scratch.running() as place:
        me = place.demo["resident"]
        phone = Phone(place.front, f"+86{me['phone']}", me["password"])
        gate = place.demo["gate"]["id"]
        for _ in range(30):
            phone.tap(gate)
        yield place, phone, gate


def run(report: Report) -> None:
    """The demo resident taps; between the rounds the bare bus is asked."""
    taps: list[float] = []
    bare: list[float] = []
    with _ready() as (place, phone, gate):
        for _ in range(ROUNDS):
            for _ in range(TAPS):
                taps.append(phone.tap(gate))
                time.sleep(PAUSE)
            bare += _bare(place.environment)
    report.add("bare request, p50", Figure(percentile(bare, 0.5), "ms"))
    report.add("bare request, p99", Figure(percentile(bare, 0.99), "ms"))
    report.add("tap to answer, p50", Figure(percentile(taps, 0.5), "ms"))
    report.add("tap to answer, p99", Figure(percentile(taps, 0.99), "ms", 50))
    report.add("tap / bare, p99", Figure(percentile(taps, 0.99) / percentile(bare, 0.99), "x", 10))
