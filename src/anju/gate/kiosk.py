"""The kiosk page and its socket: camera frames in, what to show out. Served by the gate itself, so it needs no platform."""

import asyncio
import json
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from anju import __version__
from anju.gate.approach import Answer, Approach
from anju.gate.brain import Brain
from anju.gate.eyes import Eyes, Sight
from anju.gate.identity import Identity
from anju.gate.link import Link
from anju.gate.texts import TEXTS

MOST_FRAME = 2 * 1024 * 1024
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Kiosk:
    """One camera, one screen. The newest page that connects is the kiosk's."""

    def __init__(self, identity: Identity, brain: Brain) -> None:
        self._identity = identity
        self._brain = brain
        self._eyes = Eyes(brain)
        self._worker = ThreadPoolExecutor(1, "eyes")
        self._sockets: set[WebSocket] = set()
        self._approach = Approach(brain)
        self._times: deque[tuple[float, float]] = deque(maxlen=1000)
        self.link: Link | None = None

    async def warm(self) -> None:
        """Load the models, so that the first person does not wait for it."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self._eyes.warm)

    # frames

    async def see(self, frame: bytes) -> dict[str, Any]:
        """One frame in, what to show out (docs/gate-protocol.md names the codes)."""
        if self.link is not None:
            await self.link.settled()
        if len(frame) > MOST_FRAME:
            return self._said(Answer("idle", "no_face"))
        sight: Sight = await asyncio.get_running_loop().run_in_executor(self._worker, self._eyes.look, frame)
        began = time.perf_counter()
        answer = self._approach.see(sight, time.monotonic())
        if not sight.bad and sight.match is not None:
            self._times.append((sight.seconds["networks"], sight.seconds["rest"] + time.perf_counter() - began))
        return self._said(answer)

    async def code(self, text: str) -> dict[str, Any]:
        """A code read by a scanner."""
        if self.link is not None:
            await self.link.settled()
        return self._said(self._approach.code(text, time.monotonic()))

    def _said(self, answer: Answer) -> dict[str, Any]:
        if answer.say and self.link is not None:
            self.link.entry_stored()
        text = TEXTS[answer.code]
        return {"type": "frame", "state": answer.state, "code": answer.code, "zh": text.zh, "en": text.en, "box": answer.box, "say": answer.say}

    def opened_remotely(self) -> None:
        """Show and say that the door is open."""
        said = self._said(self._approach.remote(time.monotonic()))
        for socket in self._sockets:
            asyncio.ensure_future(_tell(socket, said))  # noqa: RUF006  the socket outlives it

    # pages

    async def socket(self, socket: WebSocket) -> None:
        """/kiosk/ws"""
        origin = urlsplit(socket.headers.get("origin", "")).netloc
        if origin and origin != socket.headers.get("host"):
            await socket.close(4403)
            return
        await socket.accept()
        self._sockets.add(socket)
        status = asyncio.create_task(self._status(socket))
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if message.get("bytes") is not None:
                    await socket.send_json(await self.see(message["bytes"]))
                elif message.get("text") is not None:
                    await socket.send_json(await self._text(message["text"]))
        except WebSocketDisconnect:
            return
        finally:
            status.cancel()
            self._sockets.discard(socket)

    async def _text(self, text: str) -> dict[str, Any]:
        try:
            permit = json.loads(text)["permit"]
        except (ValueError, KeyError, TypeError):
            return self._said(Answer("idle", "no_face"))
        return await self.code(str(permit)[:300])

    async def _status(self, socket: WebSocket) -> None:
        while True:
            await _tell(socket, {"type": "status", "name": self._identity.name, **self._state()})
            await asyncio.sleep(1)

    def _state(self) -> dict[str, Any]:
        return {
            "online": self.link is not None and self.link.connected,
            "door": "open" if self._brain.door.is_open else "closed",
            "now": self._brain.now().isoformat(),
        }

    def health(self) -> dict[str, Any]:
        """How the gate is: counts and times only."""
        return {"ok": True, "version": __version__, **self._state(), **self._brain.counts, "milliseconds": self.times()}

    def times(self) -> dict[str, float]:
        """Of the last frames with a face: milliseconds for the two networks and for everything else."""
        if not self._times:
            return {}
        networks, rest = (sorted(column) for column in zip(*self._times, strict=True))
        place = len(networks) // 2, min(len(rest) - 1, int(len(rest) * 0.99))
        return {"networks_p50": networks[place[0]] * 1000, "rest_p50": rest[place[0]] * 1000, "rest_p99": rest[place[1]] * 1000}

    def app(self, page: Path) -> Starlette:
        """The web application; `page` is the built kiosk's folder."""

        async def health(request: Request) -> Response:
            del request
            return JSONResponse(self.health())

        async def no_page(request: Request) -> Response:
            del request
            return HTMLResponse("<p>The kiosk page is not built: run ./anju up. / 页面尚未构建，请运行 ./anju up。</p>", status_code=503)

        routes: list[BaseRoute] = [Route("/health", health), WebSocketRoute("/kiosk/ws", self.socket)]
        routes.append(Mount("/", StaticFiles(directory=page, html=True)) if (page / "index.html").exists() else Route("/", no_page))
        return Starlette(routes=routes, middleware=[Middleware(_Headers)])


class _Headers:
    """Security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [
                    (b"content-security-policy", _POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"permissions-policy", b"camera=(self), microphone=()"),
                ]
            await send(message)

        await self._app(scope, receive, tell)


async def _tell(socket: WebSocket, message: dict[str, Any]) -> None:
    try:
        await socket.send_json(message)
    except (WebSocketDisconnect, RuntimeError):
        return  # the page has gone; its own loop notices
