"""Many gates at once - real gate programs on the real bus - of which some are offline and some lie about having erased."""

import asyncio
import random
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anju.gate import identity
from anju.gate.brain import Brain
from anju.gate.door import SimulatedDoor
from anju.gate.link import Link
from anju.gate.store import Store
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


class Fleet:
    """Gates that run on a loop in a thread of its own."""

    def __init__(self, machines: list[Machine]) -> None:
        self.machines = machines
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def _on_loop(self, work: Callable[[], None]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (work(), done.set()))
        done.wait(10)

    def start(self, machines: Sequence[Machine]) -> None:
        """Bring these online."""

        def begin() -> None:
            for one in machines:
                me = identity.load(one.home)
                store = one.store_type(one.home / "gate.db", me.storage)
                store.serve(me.gate, me.registration)
                one.link = Link(me, Brain(store, SimulatedDoor(me.open_seconds)))
                one.task = self._loop.create_task(one.link.run())

        self._on_loop(begin)

    def stop(self, machines: Sequence[Machine]) -> None:
        """Take these offline."""

        def end() -> None:
            for one in machines:
                if one.task:
                    one.task.cancel()

        self._on_loop(end)

    def close(self) -> None:
        self.stop(self.machines)
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def registered(front: str, codes: dict[str, str], liars: int, seed: int = 1) -> Iterator[Fleet]:
    """A machine for each gate (id) and its registration code; `liars` of them lie, in two ways."""
    with tempfile.TemporaryDirectory(prefix="anju-fleet-") as folder:
        machines = []
        source = random.Random(seed)  # noqa: S311  repeatable, not secret
        lying = set(source.sample(sorted(codes), liars))
        kinds = iter((Forgetful, Denying) * liars)
        for gate, code in codes.items():
            home = Path(folder) / gate
            identity.register(front, code, home)
            machines.append(Machine(gate, home, next(kinds) if gate in lying else Store))
        fleet = Fleet(machines)
        try:
            yield fleet
        finally:
            fleet.close()
