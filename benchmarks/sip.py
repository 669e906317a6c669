"""Calls by SIP: set up under load, media relayed, a key to the gate's door, each server killed, and torn messages; against the same pair with nothing between."""

import csv
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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.sip.agent import Agent
from tests.sip.test_fuzz import known, torn

from anju.installation.paths import REPO
from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour import scratch
from anju.site.tour.scratch import Place
from benchmarks.figures import percentile
from benchmarks.gates import Helper
from benchmarks.relay import media

HOMES = 1200
"""As many gates: each may make twelve calls a minute, and who is called again while it still rings is busy."""
SECONDS = 30
RATE = 100
LADDER = (20, 30, 40, 50, 60, 80)
"""Calls a second that are tried before RATE, until they are too many; after, for callers that gave up leave homes busy behind."""
SET_UP = 99.9
KEYS = 80
PARTS = ("sip-kamailio", "sip-rtpengine", "sip-calls", "sip-desk")
SCENARIOS = REPO / "benchmarks" / "sipp"
_STARTED = "SIP is ready"


@contextmanager
def _server(place: Place) -> Iterator[dict[str, int]]:
    """`./anju sip up` beside the scratch system. Yields its ports."""
    log = place.home / "sip.log"
    command = [sys.executable, "-m", "anju.site.cli", "sip", "up"]
    with log.open("wb") as out:
        running = subprocess.Popen(command, env=place.environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        while _STARTED not in log.read_text():
            assert running.poll() is None, log.read_text()
            time.sleep(0.2)
        yield json.loads((place.home / "ports.json").read_text())
    finally:
        running.terminate()
        running.wait(30)


@dataclass
class Wall(Agent):
    """A station that registers from the one socket all of them have."""

    line_of_all: socket.socket | None = None

    def connect(self) -> socket.socket:
        assert self.line_of_all is not None
        return self.line_of_all


def _register(plan: list[dict[str, str]], server: tuple[str, int]) -> int:
    """Have every station rung at one port. Returns it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        for one in plan:
            station = Wall(server, one["station"], one["station_password"], line_of_all=line)
            assert station.register(3600) == 200
            station.media.close()
        return int(line.getsockname()[1])


@dataclass(frozen=True)
class Run:
    """What sipp counted. ringing: milliseconds from the INVITE with its proof to 180."""

    good: int
    bad: int
    ringing: list[float]


def _sipp(scenario: str, port: int, rate: int, folder: Path) -> Run:
    calls, left = rate * SECONDS, folder / f"{scenario}-{rate}"
    left.mkdir()
    command = [
        "sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-inf", str(folder / "callers.csv"), "-i", "127.0.0.1",
        "-r", str(rate), "-m", str(calls), "-l", "5000", "-nostdin", "-trace_stat", "-stf", "stat", "-trace_rtt",
        "-rtt_freq", "1", "-recv_timeout", "20000", "-timeout", str(SECONDS + 40), f"127.0.0.1:{port}",
    ]  # fmt: skip
    subprocess.run(command, cwd=left, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    with (left / "stat").open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    ringing = []
    for path in left.glob("*_rtt.csv"):
        rows = csv.DictReader(path.read_text().splitlines(), delimiter=";")
        ringing += [float(row["response_time_ms"]) for row in rows if row["rtd_no"].strip() == "1"]
    good = int(last["SuccessfulCall(C)"])
    return Run(good, calls - good, ringing)


def _load(report: Report, plan: list[dict[str, str]], port: int, folder: Path) -> None:
    """Calls a second, whole: password, the desk's decision, the station's ringing and answer, media set up, hung up."""
    lines = [
        f"{o['caller']};[authentication username={o['caller']} password={o['caller_password']}];{o['home']};"
        for o in plan
    ]
    (folder / "callers.csv").write_text("SEQUENTIAL\n" + "\n".join(lines) + "\n")
    stations = _register(plan, ("127.0.0.1", port))
    command = ["sipp", "-sf", str(SCENARIOS / "station.xml"), "-i", "127.0.0.1", "-p", str(stations), "-nostdin"]
    wall = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        floor = _sipp("floor", stations, RATE, folder)
        report.add(f"floor: {RATE} calls/s, nothing between", Figure(_share(floor), "% set up"))
        carried, run = 0, floor
        for rate in LADDER:
            tried = _sipp("caller", port, rate, folder)
            if _share(tried) < SET_UP:
                break
            carried, run = rate, tried
        report.add(f"{SET_UP} % are set up at", Figure(carried, "calls/s", note=f"{run.good} calls"))
        report.add("INVITE to ringing p50", Figure(percentile(run.ringing, 0.5), "ms"))
        report.add("INVITE to ringing p99", Figure(percentile(run.ringing, 0.99), "ms"))
        quick = max(percentile(floor.ringing, 0.5), 0.5)
        report.add("... / floor, p50", Figure(percentile(run.ringing, 0.5) / quick, "x", note=f"floor {quick:.1f} ms"))
        time.sleep(10)
        run = _sipp("caller", port, RATE, folder)
        report.add(f"{RATE} calls/s for {SECONDS} s", Figure(_share(run), "% set up", SET_UP, Bar.AT_LEAST))
        report.add("... carried all the same", Figure(run.good / SECONDS, "calls/s"))
    finally:
        wall.kill()
        wall.wait()


def _share(run: Run) -> float:
    return 100 * run.good / (run.good + run.bad)


def _pair(one: dict[str, str], port: int) -> tuple[Agent, Agent]:
    server = ("127.0.0.1", port)
    station = Agent(server, one["station"], one["station_password"])
    assert station.register() == 200
    return Agent(server, one["caller"], one["caller_password"]), station


def _talk(caller: Agent, station: Agent, home: str) -> bool:
    """Whether the two are connected."""
    with suppress(AssertionError):
        if caller.invite(f"sip:{home}@anju") == 0:
            station.ring(caller.name)
            station.answer()
            return caller.outcome() == 200
    return False


def _keys(report: Report, plan: list[dict[str, str]], port: int, helper: Helper) -> None:
    """From the key to the order on the bus that opens the gate."""
    helper.ask("listen")
    for name, press in (("message (INFO)", _by_message), ("sound (RFC 4733)", _by_sound)):
        pressed = {}
        for one in plan[:KEYS]:
            caller, station = _pair(one, port)
            if _talk(caller, station, one["home"]):
                time.sleep(0.15)
                pressed[caller.name] = press(station), one["gate"]
            time.sleep(0.1)
            caller.hang_up(station)
            caller.close()
            station.close()
        opened = helper.ask("opened")
        waits = [1000 * (opened[gate] - at) for at, gate in pressed.values() if gate in opened]
        waits = [one for one in waits if one >= 0]
        report.add(f"# by {name} -> the gate's order p50", Figure(percentile(waits, 0.5), "ms"))
        report.add(f"# by {name} -> the gate's order p99", Figure(percentile(waits, 0.99), "ms", 150))
        report.add(f"... every {name} opened", yes(len(waits) == KEYS, f"{len(waits)} of {KEYS}"))
        helper.ask("forget")


def _by_message(station: Agent) -> float:
    at = time.time()
    station.press("#")
    return at


def _by_sound(station: Agent) -> float:
    assert station.sound is not None
    station.sound.speak(0.1)
    at = time.time()
    station.sound.press("#")
    return at


def _killed(report: Report, plan: list[dict[str, str]], place: Place, port: int) -> None:
    """Signal 9 to each and all it started, and calls one after another until one is connected."""
    for number, part in enumerate((*PARTS, "web")):
        one = plan[-1 - number]
        _caller, station = _pair(one, port)
        time.sleep(3)  # a registration is written down within two seconds
        os.killpg(int((place.home / "run" / f"{part}.pid").read_text()), signal.SIGKILL)
        began = time.monotonic()
        seconds = _until_connected(one, station, port, began)
        report.add(f"kill -9 {part} -> the next call", Figure(seconds, "s", 5))
        station.close()


def _until_connected(one: dict[str, str], station: Agent, port: int, began: float) -> float:
    while time.monotonic() - began < 30:
        caller = Agent(("127.0.0.1", port), one["caller"], one["caller_password"], patience=1.0)
        station.patience = 1.0
        with suppress(AssertionError):
            if caller.reaches() and _talk(caller, station, one["home"]):
                seconds = time.monotonic() - began
                relayed = station.sound is not None and station.sound.there[1] != caller.media.getsockname()[1]
                caller.hang_up(station)
                if relayed:
                    return seconds
        caller.close()
        time.sleep(0.1)
    return 30.0


def _torn(report: Report, plan: list[dict[str, str]], place: Place, port: int, helper: Helper) -> None:
    """Messages that nobody sends who means well, and whether anything came of them."""
    before = _numbers(place)
    chance, sent = Random(1), [*known()]
    sent += [torn(chance) for _ in range(20_000)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", port))
        for number, message in enumerate(sent):
            with suppress(ConnectionRefusedError):
                line.send(message)
            if number % 50 == 0:
                time.sleep(0.01)
    doors = len(helper.ask("opened"))
    report.add("doors opened by torn messages", Figure(doors, "doors", 0, note=f"of {len(sent)} messages"))
    report.add("... the servers are the same processes", yes(before == _numbers(place)))
    caller, station = _pair(plan[len(plan) // 2], port)
    report.add("... and the next call works", yes(_talk(caller, station, plan[len(plan) // 2]["home"])))
    caller.hang_up(station)


def _numbers(place: Place) -> list[str]:
    return [(place.home / "run" / f"{part}.pid").read_text() for part in PARTS]


def run(report: Report) -> None:
    """Measure all of it on one scratch system."""
    if shutil.which("sipp") is None:
        report.add("sipp", yes(False, "not installed: apt-get install sip-tester"))
        return
    with scratch.running() as place, _server(place) as ports, ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="anju-sipp-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        helper = Helper(
            "benchmarks.dialling", environment={**place.environment, "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
        )
        stack.callback(helper.end)
        plan: list[dict[str, str]] = helper.ask("prepare", HOMES)["who"]
        _keys(report, plan, ports["sip"], helper)
        _torn(report, plan, place, ports["sip"], helper)
        media(report, ports["sip_media"], int((place.home / "run" / "sip-rtpengine.pid").read_text()))
        _killed(report, plan, place, ports["sip"])
        _load(report, plan, ports["sip"], folder)
