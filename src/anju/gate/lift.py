"""Calling the lift for whoever has come in, or asks for it from the app. The door never waits for it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import structlog
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from anju.gate.brain import Brain
from anju.grants.decision import Reason
from anju.grants.grant import Grant, Way

log = structlog.get_logger()
SECONDS = 1.2
"""How long one controller may take: the app waits three seconds for all of it."""
POLL = 0.05
MOST_FLOORS = 4
"""Floors that one entry calls the lift to."""
MODBUS_PORT = 502
CALL_REGISTER = 0
"""Holding register that takes the number of the floor to go to."""
TAKEN_REGISTER = 1
"""Holding register in which the controller repeats the number that it has taken."""

CALLED, DOWN, NOT_YOURS, UNKNOWN = "lift_called", "lift_down", "lift_not_yours", "lift_unknown"


class LiftDown(Exception):
    """The controller did not answer, or did not take the call."""


@dataclass(frozen=True)
class Controller:
    """How a lift is reached. floors: its controller's numbers by our floors."""

    id: str
    adapter: str
    address: str
    floors: Mapping[int, int]


def controllers(said: Any) -> list[Controller]:  # Any: JSON from the platform
    """The lifts that this gate is set to. What makes no sense is left out and logged."""
    found = []
    for one in said if isinstance(said, list) else []:
        try:
            floors = {int(floor): int(number) for floor, number in one["floors"].items()}
            found.append(Controller(str(one["id"]), str(one["adapter"]), str(one["address"]), floors))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("bad_lift_settings", error=type(error).__name__)
    return found


class Lifts:
    """The lifts behind one gate. A grant's floors are the only ones that anything is ever asked for."""

    def __init__(self, brain: Brain, failed: Callable[[], None] = lambda: None) -> None:
        """failed: called when nobody came for whoever has just been let in."""
        self._brain = brain
        self._failed = failed
        self._calling: set[asyncio.Task[None]] = set()
        brain.on_granted = self.follow
        brain.on_lift = self.ask

    def follow(self, grant: Grant) -> None:
        """Somebody has come in: call a lift to their floors, and let nobody wait for it."""
        if not grant.floors or not self._lifts():
            return
        task = asyncio.get_running_loop().create_task(self._follow(grant))
        self._calling.add(task)
        task.add_done_callback(self._calling.discard)

    async def _follow(self, grant: Grant) -> None:
        floors = sorted(grant.floors)[:MOST_FLOORS]
        if not all([await self._call(self._lifts(), floor) for floor in floors]):
            self._failed()

    async def ask(self, grant_id: UUID, lift: str, floor: int) -> str:
        """The app asks for this lift. Returns what came of it."""
        grant = self._brain.grant(grant_id)
        if grant is None or floor not in grant.floors:
            return NOT_YOURS
        decision = self._brain.judge([grant], Way.REMOTE, Reason.REVOKED)
        if not decision.open:
            return str(decision.reason)
        asked = [one for one in self._lifts() if one.id == lift]
        if not asked:
            return UNKNOWN
        return CALLED if await self._call(asked, floor) else DOWN

    def _lifts(self) -> list[Controller]:
        return controllers(self._brain.settings.more.get("lift"))

    async def _call(self, lifts: Iterable[Controller], floor: int) -> bool:
        """The first that takes the call. Staff hear of those that do not."""
        for lift in lifts:
            number = lift.floors.get(floor)
            if number is None:
                continue
            try:
                await asyncio.wait_for(ADAPTERS[lift.adapter](lift, number), SECONDS)
            except (LiftDown, TimeoutError, KeyError) as error:
                log.warning("lift_down", lift=lift.id, error=type(error).__name__)
                self._say("down")
                continue
            self._say("ok")
            return True
        return False

    def _say(self, state: str) -> None:
        if self._brain.says.get("lift") != state:
            self._brain.says["lift"] = state
            self._brain.on_entry()


async def _by_modbus(lift: Controller, number: int) -> None:
    """Write the floor, and see that the controller has taken it. Raises LiftDown."""
    parts = urlsplit(lift.address)
    device = int(parts.path.strip("/") or 1)
    client = AsyncModbusTcpClient(parts.hostname or "", port=parts.port or MODBUS_PORT, timeout=SECONDS, retries=0)
    try:
        if not await client.connect():
            raise LiftDown("no connection")
        if (await client.write_register(CALL_REGISTER, number, device_id=device)).isError():
            raise LiftDown("refused")
        while True:
            seen = await client.read_holding_registers(TAKEN_REGISTER, count=1, device_id=device)
            if seen.isError():
                raise LiftDown("no answer")
            if seen.registers[0] == number:
                return
            await asyncio.sleep(POLL)
    except ModbusException as error:
        raise LiftDown("no answer") from error
    finally:
        client.close()


async def _by_http(lift: Controller, number: int) -> None:
    """Raises LiftDown."""
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            answer = await client.post(lift.address, json={"lift": lift.id, "floor": number})
        taken = answer.is_success and answer.json().get("accepted") is True
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        raise LiftDown("no answer") from error
    if not taken:
        raise LiftDown("refused")


ADAPTERS = {"modbus": _by_modbus, "http": _by_http}
"""By the name that the platform gives the kind of controller."""
