"""Starting again, and what everything takes while nobody is there."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from anju.site.processes import family
from anju.site.report import Figure, Report
from anju.site.tour import scratch
from benchmarks.memory import megabytes

SETTLE = 20


def _start(environment: dict[str, str], ready: Path) -> tuple["subprocess.Popen[bytes]", float]:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "anju.site.cli", "up"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not ready.exists():
        assert process.poll() is None, "it did not start"
        time.sleep(0.05)
    return process, time.perf_counter() - began


def run(report: Report) -> None:
    """Start once for the first time, stop, start again, wait, weigh."""
    with scratch.running(keep=True) as place:
        environment = place.environment
        ready = place.home / "run" / "ready"
    process, seconds = _start(environment, ready)
    try:
        report.add("second start", Figure(seconds, "s", 15))
        time.sleep(SETTLE)
        parts = {one: megabytes(one) for one in family(process.pid)}
        report.add(
            "idle memory (PSS), all processes", Figure(sum(parts.values()), "MB", 900, note=f"{len(parts)} processes")
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        scratch.remove(place)
