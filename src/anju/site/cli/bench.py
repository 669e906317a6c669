"""./anju bench NAME: measure against a floor in the same run. Without a name it lists them; `all` runs one after another."""

import argparse
import sys
import time
from importlib import import_module

import django

from anju.installation.paths import REPO
from anju.site.report import Figure, Report

NAMES = {
    "up": "a second start, and the idle memory of every process",
    "match": "one face against 20,000, against the bare matrix product",
    "frame": "a camera frame in, the door's command out, with 20,000 templates on one core",
    "open": "the app's tap to the gate's answer, against a bare request on the bus",
    "read": "a signed-in read with sealed fields and isolation, against the same on bare Django",
    "privacy": "sealed and isolated rows against plain ones, and destroying a person's key",
    "withdrawal": "a consent withdrawn in the app to the gate's refusal",
    "ingest": "entries into PostgreSQL, against bare batched inserts of the same rows",
    "gates": "a thousand gates: connecting, learning, entries, a revocation to the last of them",
    "decision": "every way in but a face's, at a gate that knows 20,000 grants",
    "ring": "a visitor's call to the ringing of three phones, and answering to media both ways, in real browsers",
    "money": "transfers against pgbench's on the same cluster, a community's bills, a day's statement",
    "paying": "database, web and worker killed and the institutions lost a hundred times while fees are paid, also from wallets",
    "sip": "calls by SIP: a hundred a second, two hundred relayed, a key to the door, each server killed, torn messages",
    "kill": "gate, bus, database and web killed in turn while people come in",
}
_SPINS = 200_000
_NOISY = 1.25


def _spin() -> float:
    """How long a fixed piece of work takes now: a machine whose answer changes is too noisy to tell."""
    began = time.perf_counter()
    total = 0
    for number in range(_SPINS):
        total += number * number
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    """Run one. Returns 0 when every bar is met."""
    parser = argparse.ArgumentParser(prog="anju bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=[*NAMES, "all"])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--gates", type=int, help="for `gates`: how many (1000)")
    parser.add_argument("--people", type=int, help="for `gates`: how many in all (20000)")
    parser.add_argument("--deaths", type=int, help="for `paying`: how many (100)")
    chosen = parser.parse_args(arguments)
    if chosen.name is None:
        print("\n".join(f"  {name:11} {text}" for name, text in NAMES.items()))
        return 0
    sys.path.insert(0, str(REPO))
    django.setup()
    report = Report(quiet=chosen.json)
    before = min(_spin() for _ in range(5))
    for name in NAMES if chosen.name == "all" else [chosen.name]:
        report.say(f"\n{name}: {NAMES[name]}")
        sizes = {"gates": {"gates": chosen.gates, "people": chosen.people}, "paying": {"deaths": chosen.deaths}}
        size = sizes.get(name, {})
        import_module(f"benchmarks.{name}").run(report, **{one: many for one, many in size.items() if many})
    drift = max(before, after := min(_spin() for _ in range(5))) / min(before, after)
    report.add("machine", Figure(drift, "x drift", note="too noisy to tell: run it again" if drift > _NOISY else ""))
    return report.finish(as_json=chosen.json)
