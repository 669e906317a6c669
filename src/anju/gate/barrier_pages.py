"""What a barrier's camera speaks to by HTTP: it posts pictures, or says that a car has come. Only who has the token is heard."""

import hmac
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.gate.barrier import Barrier, Verdict
from anju.recognition.advice import Text
from anju.recognition.pictures import MOST_BYTES, BadPicture

_NO_TOKEN = Text("令牌不对，请检查摄像机的设置", "The token is wrong. Check the camera's settings")
_NO_PICTURE = Text("不是有效的图片，请发送 JPEG 或 PNG", "Not a picture. Send a JPEG or PNG")
_TOO_LARGE = Text("图片太大，请降低摄像机的分辨率", "The picture is too large. Lower the camera's resolution")
_LOOKING = Text("正在取图", "Taking a picture")


def said(verdict: Verdict) -> dict[str, object]:
    """A verdict as cameras and their makers' programs read it. The plate is not in it."""
    return {"open": verdict.open, "code": verdict.code, "zh": verdict.text.zh, "en": verdict.text.en}


def _says(status: int, code: str, text: Text) -> Response:
    return JSONResponse({"open": False, "code": code, "zh": text.zh, "en": text.en}, status)


def routes(barrier: Barrier, token: str, trigger: Callable[[], None]) -> list[Route]:
    """trigger: called when something before the barrier (a loop in the ground) has noticed a car."""

    def is_known(request: Request) -> bool:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())

    async def picture(request: Request) -> Response:
        if not is_known(request):
            return _says(401, "bad_token", _NO_TOKEN)
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > MOST_BYTES:
                return _says(413, "too_big", _TOO_LARGE)
        try:
            return JSONResponse(said(await barrier.see(bytes(data))))
        except BadPicture as bad:
            return _says(400, bad.fault, _NO_PICTURE)

    async def triggered(request: Request) -> Response:
        if not is_known(request):
            return _says(401, "bad_token", _NO_TOKEN)
        trigger()
        return _says(202, "looking", _LOOKING)

    return [
        Route("/barrier/picture", picture, methods=["POST"]),
        Route("/barrier/trigger", triggered, methods=["POST"]),
    ]
