"""The event stream: bus in, browsers out. One small process, no database: what a browser may hear is in its ticket."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.aio.msg import Msg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from anju.bus import client as bus
from anju.live import tickets

PING_SECONDS = 20
LONGEST_SECONDS = 600
QUEUE = 100


class Audience:
    """Who listens to which channel."""

    def __init__(self) -> None:
        self._ears: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)
        self.count = 0

    def hear(self, message: Msg) -> None:
        """Hand one bus message to everybody on its channel (`live.<kind>.<id>.<event>`)."""
        _, kind, channel, event = message.subject.split(".", 3)
        packet = b"event: %s\ndata: %s\n\n" % (event.encode(), message.data)
        for queue in self._ears.get(f"{kind}.{channel}", ()):
            if not queue.full():  # a browser that does not read misses news; it reloads when it returns
                queue.put_nowait(packet)

    async def stream(self, channels: list[str]) -> AsyncIterator[bytes]:
        """The bytes of one browser's stream, with a ping so that both ends notice a dead line."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        for channel in channels:
            self._ears[channel].add(queue)
        self.count += 1
        try:
            yield b"retry: 2000\nevent: hello\ndata: {}\n\n"
            until = asyncio.get_running_loop().time() + LONGEST_SECONDS
            while asyncio.get_running_loop().time() < until:
                try:
                    yield await asyncio.wait_for(queue.get(), PING_SECONDS)
                except TimeoutError:
                    yield b": ping\n\n"
        finally:
            self.count -= 1
            for channel in channels:
                self._ears[channel].discard(queue)
                if not self._ears[channel]:
                    del self._ears[channel]


audience = Audience()


async def live(request: Request) -> Response:
    """GET /live?ticket=…"""
    try:
        channels = tickets.read(request.query_params.get("ticket", ""))
    except tickets.BadTicket:
        return PlainTextResponse("ticket", status_code=401)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(audience.stream(channels), media_type="text/event-stream", headers=headers)


async def health(request: Request) -> Response:
    """GET /live/health"""
    client: Client = request.app.state.bus
    return JSONResponse(
        {"ok": client.is_connected, "listeners": audience.count}, status_code=200 if client.is_connected else 503
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    client = await bus.connect("live")

    async def hear(message: Msg) -> None:
        audience.hear(message)

    await client.subscribe("live.>", cb=hear)
    app.state.bus = client
    yield
    await client.close()


app = Starlette(routes=[Route("/live", live), Route("/live/health", health)], lifespan=_lifespan)
