"""The app's tap to the gate's answer, against a bare request on the same bus."""

import subprocess
import sys
import time

from anju.site.report import Figure, Report
from anju.site.tour import scratch
from anju.site.tour.resident import Resident
from benchmarks.figures import percentile

TAPS = 300
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
        await asyncio.sleep(0.01)

asyncio.run(main())
"""


def _bare(environment: dict[str, str]) -> list[float]:
    """Milliseconds of bare requests between two connections, in a process that knows the installation's keys."""
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(TAPS)], env=environment, capture_output=True, text=True, check=True
    )
    return [float(line) for line in done.stdout.split()]


def run(report: Report) -> None:
    """The demo resident taps; between the taps the bare bus is asked."""
    with scratch.running() as place:
        me = place.demo["resident"]
        app = Resident(place.front, "", f"+86{me['phone']}")
        app.sign_in(me["password"])
        gate = place.demo["gate"]["id"]
        for _ in range(20):
            app.open(gate)
        taps = []
        for _ in range(TAPS):
            taps.append(app.open(gate))
            time.sleep(0.01)
        bare = _bare(place.environment)
    report.add("bare request, p99", Figure(percentile(bare, 0.99), "ms"))
    report.add("tap to answer, p50", Figure(percentile(taps, 0.5), "ms"))
    report.add("tap to answer, p99", Figure(percentile(taps, 0.99), "ms", 50))
    report.add("tap / bare, p99", Figure(percentile(taps, 0.99) / percentile(bare, 0.99), "x", 10))
