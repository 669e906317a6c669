"""Calling a home from the gate's page (docs/gate-protocol.md, Calling).

The page makes the connection; the gate passes words between it and the platform, and opens for the call that it made itself, once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from anju.gate.brain import Brain

log = structlog.get_logger()
RINGS = 30.0
"""Seconds until nobody answers."""
LONGEST = 300.0
"""Seconds of talk."""
MOST_TEXT = 600_000
"""Characters of one thing that a page sends along: an offer, a picture, a message."""

Said = dict[str, Any]  # Any: JSON
Ask = Callable[[str, Said], Awaitable[Said]]
"""A question to the platform and its answer. Raises LinkDown."""


class LinkDown(Exception):
    """The platform did not answer."""


class Screen(Protocol):
    """A page that is told things."""

    told: asyncio.Queue[Said]


@dataclass(eq=False)
class Call:
    """A call from this gate. screen: the page that makes it; None: a door station beside the gate does.

    taken: somebody answers for the home; only then may it open. opened: it has.
    """

    screen: Screen | None
    id: str
    taken: bool = False
    opened: bool = False
    clock: asyncio.TimerHandle | None = field(default=None, repr=False)


class Calls:
    """The page's call, or that of a door station beside it: the platform allows a gate one at a time, and says `over` of the one before
    when another begins. Lives as long as the gate.
    """

    def __init__(self, brain: Brain, ask: Ask) -> None:
        self._brain = brain
        self._ask = ask
        self._call: Call | None = None
        self._beside: Call | None = None
        self._dialling = False
        self._doing: set[asyncio.Task[None]] = set()
        brain.on_call = self.obey

    # from the page

    def hear(self, screen: Screen, said: object) -> None:
        """A page wants something. What makes no sense is ignored."""
        if not isinstance(said, Mapping) or (do := _DO.get(str(said.get("do")))) is None:
            return
        if any(isinstance(one, str) and len(one) > MOST_TEXT for one in said.values()):
            return
        self._start(do(self, screen, dict(said)))

    def gone(self, screen: Screen) -> None:
        """The page has gone, and whoever stood before it."""
        if self._call is not None and self._call.screen is screen:
            self._start(self._end(screen, {}))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _dial(self, screen: Screen, said: Said) -> None:
        if self._dialling or self._call is not None:
            screen.told.put_nowait(_over("in_use"))
            return
        self._dialling = True
        try:
            asked = {name: said.get(name) for name in ("to", "offer", "picture")}
            answer = await self._ask("call", {"do": "dial", **asked})
        except LinkDown:
            screen.told.put_nowait(_over("no_line"))
            return
        finally:
            self._dialling = False
        if not answer.get("ok"):
            screen.told.put_nowait(_over(str(answer.get("code"))))
        elif answer["state"] != "ringing":
            screen.told.put_nowait(
                _over(str(answer["state"]), await self._messages(str(answer["call"])), str(answer["call"]))
            )
        else:
            self._call = call = Call(screen, str(answer["call"]))
            self._after(call, RINGS, "missed")
            screen.told.put_nowait({**answer, "type": "call", "state": "ringing"})

    async def _picture(self, screen: Screen, said: Said) -> None:
        if (call := self._of(screen)) is not None and not call.taken:
            await self._quietly({"do": "picture", "call": call.id, "picture": said.get("picture")})

    async def _end(self, screen: Screen, said: Said) -> None:
        del said
        if (call := self._of(screen)) is not None:
            await self._leave(call, "ended" if call.taken else "cancelled")

    async def _leave_message(self, screen: Screen, said: Said) -> None:
        message = {name: said.get(name) for name in ("call", "kind", "sound")}
        try:
            answer = await self._ask("call", {"do": "message", **message})
        except LinkDown:
            answer = {"ok": False, "code": "no_line"}
        screen.told.put_nowait({"type": "message", "ok": bool(answer.get("ok")), "code": answer.get("code")})

    async def _look_up(self, screen: Screen, said: Said) -> None:
        what = str(said["do"])
        try:
            answer = await self._ask("call", {"do": what, "unit": said.get("unit")})
        except LinkDown:
            answer = {"ok": False, "code": "no_line"}
        screen.told.put_nowait({**answer, "type": what, "unit": said.get("unit")})

    # the end

    def _of(self, screen: Screen) -> Call | None:
        return self._call if self._call is not None and self._call.screen is screen else None

    def _after(self, call: Call, seconds: float, state: str) -> None:
        """End it by the gate's own clock, whatever becomes of the platform."""
        if call.clock is not None:
            call.clock.cancel()
        leave = lambda: self._start(self._leave(call, state))  # noqa: E731  a timer takes a callable
        call.clock = asyncio.get_running_loop().call_later(seconds, leave)

    async def _leave(self, call: Call, state: str) -> None:
        if call not in (self._call, self._beside):
            return
        self._drop(call)
        if call.screen is None:
            return  # it is not this gate's to end
        await self._quietly({"do": "leave", "call": call.id, "state": state})
        messages = state == "missed" and await self._messages(call.id)
        call.screen.told.put_nowait(_over(state, messages, call.id))

    def _drop(self, call: Call) -> None:
        if self._call is call:
            self._call = None
        else:
            self._beside = None
        if call.clock is not None:
            call.clock.cancel()

    async def _quietly(self, said: Said) -> None:
        try:
            await self._ask("call", said)
        except LinkDown:
            log.info("call_not_told", do=said["do"])  # the platform ends what it hears no more of

    async def _messages(self, call: str) -> bool:
        """Whether the home takes messages."""
        try:
            return (await self._ask("call", {"do": "may_leave_message", "call": call})).get("messages") is True
        except LinkDown:
            return False

    async def _tell_over(self, call: Call, screen: Screen, state: str) -> None:
        messages = state in ("missed", "refused") and await self._messages(call.id)
        screen.told.put_nowait(_over(state, messages, call.id))

    # from the platform

    def obey(self, said: Mapping[str, str]) -> tuple[str, str | None]:
        """What the platform says of a call. Returns a code, and the entry's id where the door was opened."""
        say, name = said.get("say"), said.get("call")
        if say == "beside":
            return self._begin_beside(str(name))
        call = next((one for one in (self._call, self._beside) if one is not None and one.id == name), None)
        if call is None:
            return "call_over", None
        if say == "open":
            return self._open(call)
        if say == "over":
            self._drop(call)
            if call.screen is not None:
                self._start(self._tell_over(call, call.screen, str(said.get("state"))))
        elif say in ("taken", "answer"):
            if not call.taken:
                call.taken = True
                self._after(call, LONGEST, "ended")
            if call.screen is not None:
                call.screen.told.put_nowait({"type": "call", "state": say, "sdp": said.get("sdp")})
        else:
            return "unknown_command", None
        return "call", None

    def _begin_beside(self, name: str) -> tuple[str, str | None]:
        """A door station at this gate calls: it opens through the gate, by the same rule."""
        if self._beside is not None:
            self._drop(self._beside)
        self._beside = call = Call(None, name)
        self._after(call, RINGS, "missed")
        return "call", None

    def _open(self, call: Call) -> tuple[str, str | None]:
        if not call.taken:
            return "call_over", None
        if call.opened:
            return "opened", None
        decision, entry = self._brain.called()
        call.opened = decision.open
        return str(decision.reason), entry


def _over(state: str, messages: bool = False, call: str | None = None) -> Said:
    """messages: whether the visitor may leave one."""
    return {"type": "call", "state": "over", "why": state, "messages": messages, "call": call}


_DO: dict[str, Callable[[Calls, Screen, Said], Awaitable[None]]] = {
    "dial": Calls._dial,
    "picture": Calls._picture,
    "end": Calls._end,
    "message": Calls._leave_message,
    "directory": Calls._look_up,
    "rooms": Calls._look_up,
}
