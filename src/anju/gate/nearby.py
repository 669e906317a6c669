"""Opening for a phone that stands before this gate: it answers a challenge, over the local network or Bluetooth.

Served apart from the kiosk's page: whoever may reach this must not reach the camera's socket.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.gate.brain import Brain
from anju.gate.link import Link
from anju.gate.texts import TEXTS
from anju.grants import encoding, nearby, phone_keys
from anju.grants.decision import Decision, Reason
from anju.grants.grant import Way
from anju.grants.nearby import BadNearbyPermit, Challenges

MOST_BODY = nearby.MOST_TEXT + 1000
TRIES, IN_SECONDS = 30, 60.0
"""Answers of one phone that are looked at in so many seconds: nobody presses more often."""
NOTED = 60
"""Answers that make no sense, of all phones together, that are written down in as many seconds: a flood must not fill the disk."""
MOST_PHONES = 1000


@dataclass(frozen=True)
class Answer:
    """What a phone says to a challenge. permit: the text as the platform made it."""

    permit: str
    challenge: bytes
    signature: bytes

    @classmethod
    def of(cls, said: bytes) -> "Answer":
        """Raises ValueError."""
        try:
            found: dict[str, Any] = json.loads(said)  # Any: JSON from outside
            return cls(str(found["permit"]), encoding.decode(found["challenge"]), encoding.decode(found["signature"]))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("no answer") from error


class Nearby:
    """The challenges of one gate and what comes of their answers. Used from one thread."""

    def __init__(self, gate: UUID, brain: Brain, link: Link) -> None:
        self._gate = gate
        self._brain = brain
        self._link = link
        self._challenges = Challenges()
        self._lately: dict[str, list[float]] = {}
        self._nonsense: list[float] = []

    def challenge(self, phone: str) -> dict[str, str]:
        """What a phone is asked, good for thirty seconds, once. phone: as for `answer`."""
        asked = self._challenges.ask(time.monotonic(), phone)
        now = self._brain.clock.read().now
        return {"gate": str(self._gate), "challenge": encoding.encode(asked), "now": now.isoformat()}

    async def answer(self, said: bytes, phone: str) -> dict[str, Any]:
        """Decide, open, record; what the phone is told. phone: where it speaks from, so that one cannot keep others out."""
        await self._link.news.wait()
        if not self._may_try(phone):
            return _said(False, "too_many")
        try:
            decision = self._decide(Answer.of(said))
        except ValueError:
            decision = Decision(False, Reason.PERMIT_UNKNOWN)
        if decision.grant is None and not _under(self._nonsense, NOTED):
            return _said(False, decision.reason)
        entry = self._brain.act(decision, Way.NEARBY)
        if decision.open:
            self._link.on_opened()
        return {**_said(decision.open, decision.reason), "entry": entry}

    def _may_try(self, phone: str) -> bool:
        lately = self._lately.pop(phone, [])
        while len(self._lately) >= MOST_PHONES:
            del self._lately[next(iter(self._lately))]
        self._lately[phone] = lately
        return _under(lately, TRIES)

    def _decide(self, answer: Answer) -> Decision:
        """Raises BadNearbyPermit."""
        if not self._challenges.take(answer.challenge, time.monotonic()):
            return Decision(False, Reason.PERMIT_REPLAYED)
        if self._brain.platform is None:
            raise BadNearbyPermit("nobody signs permits for this gate")
        permit = nearby.read(answer.permit, self._brain.platform)
        asked = nearby.question(self._gate, answer.challenge, answer.permit)
        if not phone_keys.verify(permit.public, asked, answer.signature):
            return Decision(False, Reason.PERMIT_UNKNOWN)
        return self._brain.nearby(permit, self._gate)


def _under(lately: list[float], most: int) -> bool:
    """Whether there have been fewer than so many in the last minute; if so, this is one more."""
    now = time.monotonic()
    lately[:] = [at for at in lately if at > now - IN_SECONDS]
    if len(lately) >= most:
        return False
    lately.append(now)
    return True


def _said(opens: bool, code: str) -> dict[str, Any]:
    return {"open": opens, "code": code, "zh": TEXTS[code].zh, "en": TEXTS[code].en}


def _from(request: Request) -> str:
    return request.client.host if request.client else ""


def app(gate: Nearby) -> Starlette:
    """The two addresses. Any page may ask: what opens is the phone's signature, not where it came from."""

    async def challenge(request: Request) -> Response:
        return JSONResponse(gate.challenge(_from(request)))

    async def open_gate(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BODY:
                return JSONResponse(_said(False, Reason.PERMIT_UNKNOWN), status_code=413)
        said = await gate.answer(body, _from(request))
        return JSONResponse(said, status_code=200 if said["open"] else 429 if said["code"] == "too_many" else 403)

    anybody = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
        allow_private_network=True,
    )
    routes = [
        Route("/nearby/challenge", challenge),
        Route("/nearby/open", open_gate, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[anybody])
