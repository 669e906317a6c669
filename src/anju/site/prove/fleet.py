"""Many gates at once - real gate programs on the real bus - of which some are offline and some lie about having erased."""

import asyncio
import json
import random
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anju.access import actions as access
from anju.access import gate_link
from anju.gate import identity
from anju.gate.brain import Brain
from anju.gate.door import SimulatedDoor
from anju.gate.link import Link
from anju.gate.store import Store
from anju.grants import encoding
from anju.grants.grant import Ended, Grant


class Forgetful(Store):
    """Says that it has applied an end, and keeps what it should have erased."""

    def apply(self, news: Sequence[Grant | Ended], sequence: int) -> list[Grant | Ended]:
        return super().apply([one for one in news if isinstance(one, Grant)], sequence)


class Denying(Forgetful):
    """Keeps it as well, and denies it when asked for exactly that."""

    def inventory(self, only: Sequence[str] | None, after: str, limit: int) -> list[tuple[str, int, bool]]:
        return [] if only is not None else super().inventory(only, after, limit)


@dataclass
class Machine:
    """One gate. lies: it does not erase what it says it has."""

    gate: str
    home: Path
    store_type: type[Store]
    link: Link | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def lies(self) -> bool:
        return self.store_type is not Store


async def _ended(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=10)


class Fleet:
    """Gates that run on a loop in a thread of its own."""

    def __init__(self, machines: list[Machine]) -> None:
        self.machines = machines
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def _on_loop(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def start(self, machines: Sequence[Machine]) -> None:
        """Bring these online."""

        def begin() -> None:
            for one in machines:
                me = identity.load(one.home)
                store = one.store_type(one.home / "gate.db", me.storage)
                store.serve(me.gate, me.registration)
                one.link = Link(me, Brain(store, SimulatedDoor(me.open_seconds), me.platform))
                one.task = self._loop.create_task(one.link.run())

        self._on_loop(begin)

    def stop(self, machines: Sequence[Machine]) -> None:
        """Take these offline."""
        asyncio.run_coroutine_threadsafe(_ended([one.task for one in machines if one.task]), self._loop).result(20)

    def close(self) -> None:
        self.stop(self.machines)
        self._loop.call_soon_threadsafe(self._loop.stop)


def _join(code: str, home: Path) -> None:
    """Past the web's limit of registrations a minute: a property has not fifty gates that join at once."""
    said = identity.introduction(code, home)
    gate = access.register(code, nkey=said["nkey"], box_key=encoding.decode(said["box_key"]), version=said["version"])
    identity.accept(json.dumps(gate_link.welcome(gate)).encode(), home)


@contextmanager
def registered(codes: dict[str, str], liars: int, seed: int = 1) -> Iterator[Fleet]:
    """A machine for each gate (id) and its registration code; `liars` of them lie, in two ways."""
    with tempfile.TemporaryDirectory(prefix="anju-fleet-") as folder:
        machines = []
        source = random.Random(seed)  # noqa: S311  repeatable, not secret
        lying = set(source.sample(sorted(codes), liars))
        kinds = iter((Forgetful, Denying) * liars)
        for gate, code in codes.items():
            home = Path(folder) / gate
            _join(code, home)
            machines.append(Machine(gate, home, next(kinds) if gate in lying else Store))
        fleet = Fleet(machines)
        try:
            yield fleet
        finally:
            fleet.close()
