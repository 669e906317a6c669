"""Whether to open, in every way but a face's, at a gate that knows 20,000 grants: from what is shown to the door's command."""

import asyncio
import gc
import json
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.gate.brain import Brain
from anju.gate.door import SimulatedDoor
from anju.gate.store import Store
from anju.grants import encoding, marks, permits
from anju.grants.decision import Reason
from anju.grants.grant import Grant, Way
from anju.site.report import Figure, Report
from benchmarks.figures import percentile

GRANTS = 20_000
ROUNDS = 500
WITH_PHONES = 1_000
"""Holders who have a key that is held up here; the others' keys are points all the same."""
TAG_KEY = secrets.token_bytes(32)
WARM = 20


class Phone:
    """A key and its public point."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def permit(self) -> str:
        return permits.make(self.id, self.private, datetime.now(UTC))


def _grants(phones: list[Phone]) -> list[Grant]:
    """Residents with phones and cards, visitors with a window and a count, cars: a quarter each."""
    now = datetime.now(UTC)
    made = []
    for number in range(GRANTS):
        phone = phones[number % len(phones)]
        key = phone.id if number < len(phones) else uuid4()
        kind = number % 4
        made.append(
            Grant(
                id=uuid4(),
                rev=1,
                holder=uuid4(),
                ways=frozenset(Way) - {Way.FACE},
                since=now - timedelta(days=1),
                until=now + timedelta(days=1) if kind == 2 else None,
                keys={key: phone.public},
                face=None,
                marks=frozenset({marks.tag(TAG_KEY, f"card:{number}"), marks.tag(TAG_KEY, f"plate:鲁A{number:05}")}),
                uses=1_000_000 if kind == 2 else None,
            )
        )
    return made


def _brain(home: Path, grants: list[Grant]) -> Brain:
    store = Store(home / "gate.db", secrets.token_bytes(32))
    store.serve("bench", "bench")
    store.apply(grants, len(grants))
    brain = Brain(store, SimulatedDoor(1))
    said = {"name": "bench", "kind": "door", "direction": "both", "tag_key": encoding.encode(TAG_KEY)}
    brain.set(json.dumps(said).encode())
    brain.clock.set(datetime.now(UTC), timedelta())
    return brain


def _verify(phone: Phone, text: str) -> None:
    assert permits.read(text).verify(phone.public)


async def _measure(report: Report, home: Path) -> None:
    phones = [Phone() for _ in range(WITH_PHONES)]
    grants = _grants(phones)
    brain = _brain(home, grants)
    gc.freeze()  # as the gate's own program does
    codes = [phones[number % WITH_PHONES].permit() for number in range(ROUNDS)]
    stranger = Phone()
    ways: dict[str, Callable[[int], object]] = {
        "a QR code": lambda number: brain.permit(codes[number]),
        "a stranger's QR code": lambda number: brain.permit(stranger.permit()),
        "a card": lambda number: brain.mark(f"card:{number}", Way.CARD, Reason.CARD_UNKNOWN),
        "a plate": lambda number: brain.mark(f"plate:鲁A{number:05}", Way.PLATE, Reason.PLATE_UNKNOWN),
        "an unknown card": lambda number: brain.mark(f"card:x{number}", Way.CARD, Reason.CARD_UNKNOWN),
        "an open from afar": lambda number: brain.remote(grants[number].id),
        "an open for nobody's grant": lambda number: brain.remote(UUID(int=number)),
    }
    floor: list[float] = []
    decided: list[float] = []
    stored: list[float] = []
    for name, way in ways.items():
        here = []
        for number in range(ROUNDS):
            began = time.perf_counter()
            _verify(phones[number % WITH_PHONES], codes[number])
            middle = time.perf_counter()
            way(number)
            floor.append(middle - began)
            here.append((brain.decided - middle) * 1000)
            stored.append((time.perf_counter() - brain.decided) * 1000)
        decided += here[WARM:]
        report.add(f"{name}, p50", Figure(percentile(here, 0.5), "ms"))
        report.add(f"{name}, p99", Figure(percentile(here, 0.99), "ms", 2))
    report.add("floor: one signature verified, p50", Figure(percentile(floor, 0.5) * 1000, "ms"))
    report.add("all ways, p99", Figure(percentile(decided, 0.99), "ms", 2))
    report.add("its entry durable after that, p50", Figure(percentile(stored, 0.5), "ms"))
    report.add("its entry durable after that, p99", Figure(percentile(stored, 0.99), "ms"))
    brain.store.close()


def run(report: Report) -> None:
    """Every way in turn, each decision after a bare signature check."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(report, Path(folder)))
