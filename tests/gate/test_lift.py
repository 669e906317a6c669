"""A gate calls the lift of whoever it has let in: over real sockets, to their own floors, and without keeping the door waiting."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.gate import lift
from anju.gate.lift import CALL_REGISTER, TAKEN_REGISTER, Lifts
from anju.grants import encoding
from anju.grants.decision import Decision, Reason
from anju.grants.grant import Grant, Way
from tests.gate import made
from tests.gate.made import Gate

LIFT = str(uuid4())


@dataclass
class Registers:
    """A controller's holding registers. takes: whether it repeats what it is asked for."""

    takes: bool = True
    calls: list[int] = field(default_factory=list)

    async def act(
        self, function: int, start: int, address: int, count: int, now: list[int], new: list[int] | list[bool] | None
    ) -> None:
        """As pymodbus calls it, at each request."""
        del function, start, count
        if new is not None and address == CALL_REGISTER:
            self.calls += [int(one) for one in new]
            if self.takes:
                now[TAKEN_REGISTER] = int(new[0])


@asynccontextmanager
async def modbus(registers: Registers, device: int = 1) -> AsyncIterator[str]:
    """pymodbus's own server on a free port."""
    row = SimData(0, count=8, values=0, datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(device, [row], action=registers.act), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    yield f"modbus://127.0.0.1:{port}/{device}"
    await server.shutdown()


@dataclass
class Web:
    """A controller that speaks HTTP."""

    accepts: bool = True
    slow: float = 0.0
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, request: Request) -> Response:
        self.calls.append(await request.json())
        await asyncio.sleep(self.slow)
        return JSONResponse({"accepted": self.accepts})


@asynccontextmanager
async def http(web: Web) -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/call", web.call, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/call"
    server.should_exit = True
    await running


@dataclass
class Lobby:
    """A gate with a lift behind it. alone: how often somebody was told to press their floor by hand."""

    gate: Gate
    lifts: Lifts | None = None
    alone: int = 0

    def set(self, *lifts: tuple[str, str], floors: dict[str, int] | None = None) -> None:
        said = [
            {"id": LIFT, "adapter": adapter, "address": address, "floors": floors or {"12": 12, "3": 3}}
            for adapter, address in lifts
        ]
        settings = {"name": "大堂", "kind": "door", "direction": "in", "tag_key": encoding.encode(bytes(32))}
        self.gate.brain.set(json.dumps({**settings, "lift": said}).encode())
        self.lifts = Lifts(self.gate.brain, self._failed)

    def _failed(self) -> None:
        self.alone += 1

    async def enters(self, who: Grant) -> None:
        """Somebody is let in; afterwards whatever follows from it is done."""
        self.gate.brain.act(Decision(True, Reason.RECOGNISED, who), Way.FACE)
        assert self.lifts is not None
        await asyncio.gather(*self.lifts._calling)


@pytest.fixture
def lobby(gate: Gate) -> Lobby:
    return Lobby(gate)


def resident(*floors: int) -> Grant:
    return made.grant(floors=frozenset(floors))


def test_an_entry_calls_the_lift_to_the_residents_floor(lobby: Lobby) -> None:
    registers = Registers()

    async def live() -> None:
        async with modbus(registers) as address:
            lobby.set(("modbus", address), floors={"12": 14})  # the controller counts otherwise
            await lobby.enters(resident(12))

    asyncio.run(live())
    assert registers.calls == [14]
    assert (lobby.alone, lobby.gate.brain.says) == (0, {"lift": "ok"})


def test_the_lift_is_called_by_http_as_well(lobby: Lobby) -> None:
    web = Web()

    async def live() -> None:
        async with http(web) as address:
            lobby.set(("http", address))
            await lobby.enters(resident(3))

    asyncio.run(live())
    assert web.calls == [{"lift": LIFT, "floor": 3}]


def test_whoever_has_no_floor_calls_no_lift(lobby: Lobby) -> None:
    web = Web()

    async def live() -> None:
        async with http(web) as address:
            lobby.set(("http", address))
            await lobby.enters(resident())

    asyncio.run(live())
    assert (web.calls, lobby.alone) == ([], 0)


def test_whoever_is_refused_calls_no_lift(lobby: Lobby) -> None:
    web = Web()

    async def live() -> None:
        async with http(web) as address:
            lobby.set(("http", address))
            lobby.gate.brain.act(Decision(False, Reason.OUTSIDE_WINDOW, resident(3)), Way.FACE)
            await asyncio.sleep(0.05)

    asyncio.run(live())
    assert web.calls == []


@pytest.mark.parametrize("adapter", ["modbus", "http"])
def test_a_lift_that_is_down_does_not_stop_the_door_and_is_told(lobby: Lobby, adapter: str) -> None:
    async def live() -> float:
        lobby.set((adapter, f"{adapter}://127.0.0.1:9/1"))
        began = time.perf_counter()
        who = resident(12)
        lobby.gate.brain.act(Decision(True, Reason.RECOGNISED, who), Way.FACE)
        took = time.perf_counter() - began
        assert (lobby.gate.door.opened, len(lobby.gate.entries())) == (1, 1)
        assert lobby.lifts is not None
        await asyncio.gather(*lobby.lifts._calling)
        return took

    assert asyncio.run(live()) < 0.5
    assert (lobby.alone, lobby.gate.brain.says) == (1, {"lift": "down"})


def test_a_controller_that_does_not_take_the_call_counts_as_down(lobby: Lobby) -> None:
    registers = Registers(takes=False)

    async def live() -> None:
        async with modbus(registers) as address:
            lobby.set(("modbus", address))
            await lobby.enters(resident(12))

    asyncio.run(live())
    assert registers.calls == [12]
    assert lobby.alone == 1


def test_a_controller_that_refuses_or_is_too_slow_counts_as_down(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lift, "SECONDS", 0.2)

    async def live(web: Web) -> None:
        async with http(web) as address:
            lobby.set(("http", address))
            await lobby.enters(resident(12))

    asyncio.run(live(Web(accepts=False)))
    asyncio.run(live(Web(slow=0.5)))
    assert lobby.alone == 2


def test_when_one_lift_is_down_the_other_comes(lobby: Lobby) -> None:
    web = Web()

    async def live() -> None:
        async with http(web) as address:
            lobby.set(("modbus", "modbus://127.0.0.1:9/1"), ("http", address))
            await lobby.enters(resident(12))

    asyncio.run(live())
    assert (len(web.calls), lobby.alone) == (1, 0)


def test_the_app_calls_it_to_ones_own_floor_only(lobby: Lobby) -> None:
    web, who, over = Web(), resident(12), made.grant(floors=frozenset({12}), until=made.LONG_AGO)

    async def live() -> list[str]:
        async with http(web) as address:
            lobby.set(("http", address))
            lobby.gate.learn(who, over)
            assert lobby.lifts is not None
            asked = [(who.id, LIFT, 12), (who.id, LIFT, 3), (uuid4(), LIFT, 12), (over.id, LIFT, 12), (who.id, "?", 12)]
            return [await lobby.lifts.ask(*one) for one in asked]

    said = asyncio.run(live())
    assert said == ["lift_called", "lift_not_yours", "lift_not_yours", "outside_window", "lift_unknown"]
    assert web.calls == [{"lift": LIFT, "floor": 12}]


def test_settings_that_make_no_sense_call_nothing(lobby: Lobby) -> None:
    assert (
        lift.controllers([{"id": "x"}, 3, {"id": "x", "adapter": "http", "address": "http://a", "floors": {"a": 1}}])
        == []
    )
    assert lift.controllers(None) == []


def test_an_adapter_that_this_gate_does_not_know_counts_as_down(lobby: Lobby) -> None:
    async def live() -> None:
        lobby.set(("telepathy", "telepathy://there"))
        await lobby.enters(resident(12))

    asyncio.run(live())
    assert (lobby.alone, lobby.gate.door.opened) == (1, 1)
