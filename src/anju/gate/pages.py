"""What the gate serves by HTTP: the kiosk's page, its socket and the gate's health."""

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anju.gate.kiosk import Kiosk

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(self)"),
]
_NOT_BUILT = "<p>The kiosk page is not built: run ./anju up. / 页面尚未构建，请运行 ./anju up。</p>"


def app(kiosk: Kiosk, page: Path, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The web application. page: the folder of the built kiosk page. more: what else this gate serves."""

    async def health(request: Request) -> Response:
        del request
        return JSONResponse(kiosk.health())

    async def not_built(request: Request) -> Response:
        del request
        return HTMLResponse(_NOT_BUILT, status_code=503)

    is_built = (page / "index.html").exists()
    routes: list[BaseRoute] = [
        Route("/health", health),
        *more,
        WebSocketRoute("/kiosk/ws", kiosk.socket),
        Mount("/", StaticFiles(directory=page, html=True)) if is_built else Route("/", not_built),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_SecurityHeaders)])


class _SecurityHeaders:
    """On every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, tell)
