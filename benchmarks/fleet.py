"""A thousand gates in one process: each with its own connection, keys, consumer, knowledge and store, speaking the real protocol.

What is light about them: their stores lie in memory, and they have no camera. Told what to do by lines on standard input.
"""

import asyncio
import gc
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from anju.gate.brain import Brain
from anju.gate.door import SimulatedDoor
from anju.gate.identity import Identity
from anju.gate.link import Link
from anju.gate.store import Store
from anju.grants import encoding
from anju.grants.grant import Ended, Grant

AT_ONCE = 50
"""Gates that begin to connect together: a city's are not switched on in the same second."""


@dataclass
class Simulated:
    brain: Brain
    link: Link
    opened: int = 0


class Fleet:
    """Every gate, and when the last end reached each of them."""

    def __init__(self, said: dict[str, Any], home: Path) -> None:
        self.ended: dict[str, float] = {}
        self.gates = [self._gate(one, said, home) for one in said["gates"]]

    def _gate(self, one: dict[str, str], said: dict[str, Any], home: Path) -> Simulated:
        me = Identity(
            gate=one["gate"],
            name="bench",
            nats=[said["nats"]],
            jwt=one["jwt"],
            seed=one["seed"].encode(),
            box=X25519PrivateKey.from_private_bytes(encoding.decode(one["box"])),
            storage=bytes(32),
            platform=Ed25519PublicKey.from_public_bytes(encoding.decode(said["platform"])),
            open_seconds=1,
        )
        store = Store(home / f"{me.gate}.db", me.storage)
        store.serve(me.gate, me.registration)
        brain = Brain(store, SimulatedDoor(1), me.platform)
        learn = brain.learn

        def watched(news: Sequence[Grant | Ended], sequence: int) -> None:
            learn(news, sequence)
            if any(isinstance(item, Ended) for item in news):
                self.ended[me.gate] = time.time()

        brain.learn = watched  # type: ignore[method-assign]
        return Simulated(brain, Link(me, brain))

    async def connect(self) -> None:
        """Begin, so many at a time."""
        self.running = []
        for start in range(0, len(self.gates), AT_ONCE):
            some = self.gates[start : start + AT_ONCE]
            self.running += [asyncio.create_task(one.link.run()) for one in some]
            while not all(one.link.connected and not one.link.news.expected for one in some):
                await asyncio.sleep(0.02)

    def counts(self) -> dict[str, object]:
        grants = [len(list(one.brain.grants())) for one in self.gates]
        queued = sum(one.brain.store.queued() for one in self.gates)
        return {
            "connected": sum(one.link.connected for one in self.gates),
            "grants": sum(grants),
            "least": min(grants),
            "queued": queued,
            "ended": len(self.ended),
        }

    async def come_in(self, each: int, seconds: float) -> dict[str, object]:
        """So many people come in at each gate, spread over the seconds."""
        began = time.time()
        for _ in range(each):
            for number, gate in enumerate(self.gates):
                grant = next(iter(gate.brain.grants()))
                gate.opened += gate.brain.remote(grant.id)[0].open
                if number % 100 == 99:
                    await asyncio.sleep(seconds / each / len(self.gates) * 100)
        return {"began": began, "ended": time.time(), "opened": sum(one.opened for one in self.gates)}


async def _serve(fleet: Fleet) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        verb, *arguments = json.loads(line)
        answer: object
        if verb == "connect":
            began = time.time()
            await fleet.connect()
            gc.collect()
            gc.freeze()
            answer = {"seconds": time.time() - began}
        elif verb == "come_in":
            answer = await fleet.come_in(*arguments)
        elif verb == "forget_ends":
            fleet.ended.clear()
            answer = {}
        elif verb == "ends":
            answer = fleet.ended
        else:
            answer = fleet.counts()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def main(plan: Path, home: Path) -> None:
    """plan: what benchmarks.city made. home: a folder in memory."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    fleet = Fleet(json.loads(plan.read_text()), home)
    asyncio.run(_serve(fleet))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
