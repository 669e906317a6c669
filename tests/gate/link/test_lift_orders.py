"""The app asks for a lift: over the real bus to a real controller's socket."""

import asyncio
import json
from uuid import uuid4

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.gate.lift import Lifts
from anju.grants import encoding
from tests.gate import made
from tests.gate.link.bus import Platform, opening, running, soon

pytestmark = pytest.mark.anyio


async def test_the_app_calls_the_lift_to_ones_own_floor_and_not_to_anothers(
    gate: made.Gate, platform: Platform
) -> None:
    calls: list[dict[str, object]] = []

    async def call(request: Request) -> Response:
        calls.append(await request.json())
        return JSONResponse({"accepted": True})

    app = Starlette(routes=[Route("/call", call, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    await soon(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/call"
    lift, who = str(uuid4()), made.grant(face=None, floors=frozenset({12}))
    settings = {"name": "大堂", "kind": "door", "direction": "in", "tag_key": encoding.encode(bytes(32))}
    reach = [{"id": lift, "adapter": "http", "address": address, "floors": {"12": 12, "3": 3}}]
    gate.brain.set(json.dumps({**settings, "lift": reach}).encode())
    Lifts(gate.brain)
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 1)
        order = {**opening(who.id), "do": "lift", "lift": lift, "floor": 12}
        assert (await platform.order(order))["code"] == "lift_called"
        assert (await platform.order({**order, "id": str(uuid4()), "floor": 3}))["code"] == "lift_not_yours"
        late = {**order, "id": str(uuid4()), "exp": "2020-01-01T00:00:00+00:00"}
        assert (await platform.order(late))["code"] == "expired"
        assert (await platform.order({**order, "id": str(uuid4()), "grant": None}))["code"] == "unknown_command"
    server.should_exit = True
    await serving
    assert calls == [{"lift": lift, "floor": 12}]
    assert gate.door.opened == 0
