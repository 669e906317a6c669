"""Watching from outside what the running system connects to: strace on its processes, beside its own records."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anju.installation.ports import ports
from anju.site.processes import family
from anju.site.prove.provider import Provider
from anju.site.report import Figure, Report, yes

WATCHED = ("web", "worker", "live", "gate")
_CONNECT = re.compile(
    r"connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(\"([^\"]+)\"\)|inet_pton\(AF_INET6, \"([^\"]+)\")"
)


@dataclass
class Seen:
    """places: every host and port connected to. possible: whether anything could be watched."""

    possible: bool
    places: set[tuple[str, int]] = field(default_factory=set)
    why: str = ""


def _processes(home: Path) -> list[int]:
    """The watched parts and all their children."""
    roots = [int(path.read_text()) for name in WATCHED if (path := home / "run" / f"{name}.pid").exists()]
    return family(*roots)


@contextmanager
def watching(home: Path) -> Iterator[Seen]:
    """Note every connection the system makes meanwhile."""
    strace = shutil.which("strace")
    if strace is None:
        yield Seen(False, why="strace is missing: apt-get install strace")
        return
    processes = _processes(home)
    with tempfile.TemporaryDirectory(prefix="anju-tap-") as folder:
        out = Path(folder) / "connects"
        command = [strace, "-f", "-qq", "-e", "trace=connect,sendto", "-e", "signal=none", "-o", str(out)]
        command += [part for one in processes for part in ("-p", str(one))]
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0.5)
        seen = Seen(tracer.poll() is None)
        if not seen.possible and tracer.stderr is not None:
            seen.why = tracer.stderr.read().decode()[-200:]
        try:
            yield seen
        finally:
            if seen.possible:
                os.kill(tracer.pid, signal.SIGINT)
                tracer.wait(10)
                for port, four, six in _CONNECT.findall(out.read_text(errors="replace")):
                    seen.places.add((four or six, int(port)))


def judge(seen: Seen, sms: Provider, report: Report) -> None:
    """Hold what was seen against what is declared and on record."""
    from anju.privacy import scope
    from anju.privacy.gateway import RECIPIENTS
    from anju.privacy.models import Sharing

    own = {("127.0.0.1", ports()[name]) for name in ("postgres", "nats", "web", "live", "nats_monitor")}
    declared = own | {place for one in RECIPIENTS.values() for place in one.places()}
    declared |= {("127.0.0.1", sms.server_port)}
    strange = sorted(place for place in seen.places if place not in declared and place[1] != 0)
    report.add("5 tap", yes(seen.possible, seen.why or f"{len(seen.places)} places seen"))
    report.add("5 undeclared connections", Figure(len(strange), "places", 0, note=str(strange) if strange else ""))
    with scope.platform():
        sent = Sharing.objects.filter(recipient="sms", result=Sharing.Result.SENT).count()
        allowed = set(RECIPIENTS["sms"].fields) | {"at"}
    over = [one for one in sms.seen if set(one) - allowed]
    report.add("5 fields beyond the declared", Figure(len(over), "messages", 0))
    report.add(
        "5 sharings without a record",
        Figure(max(0, len(sms.seen) - sent), "messages", 0, note=f"{len(sms.seen)} received, {sent} on record"),
    )
    report.add("5 forged or unsigned", Figure(sms.forged, "messages", 0))
