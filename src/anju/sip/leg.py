"""One telephone of one call: from Kamailio it looks like a device that rings, towards the carrier it is a call of its own.

The two halves know nothing of each other: the carrier sees the community's number and the telephone's, the gate sees a random name.
The telephone has taken the call when a key is pressed, and not before: a voicemail that picks up takes nobody's call away.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import structlog

from anju.intercom.models import RingState
from anju.privacy.refusals import Refused
from anju.sip import media, message, speech, telephones
from anju.sip.half import Half
from anju.sip.message import Message
from anju.sip.models import Why

if TYPE_CHECKING:
    from anju.sip.line import Line

log = structlog.get_logger()
T = TypeVar("T")
ANSWERS = 40.0
"""Seconds after which a carrier that says nothing more is not waited for."""
CHOOSES = 25.0
"""Seconds in which a key must be pressed: nobody does who is a machine."""
RESENT = (0.5, 1.0, 2.0, 4.0)
"""Seconds after which our answer is said again, until it is acknowledged (RFC 3261, 13.3.1.4)."""


class Over(Exception):
    """The call is taken elsewhere or has ended."""


class NotTaken(Exception):
    """This telephone does not take the call."""

    def __init__(self, state: RingState, why: Why | None = None) -> None:
        super().__init__(state)
        self.state, self.why = state, why


class Leg:
    """From the INVITE that Kamailio sends to the end of both halves."""

    def __init__(self, line: "Line", invite: Message, plan: telephones.Plan) -> None:
        self.events: asyncio.Queue[Message | str] = asyncio.Queue()
        self._line = line
        self._invite = invite
        self._plan = plan
        self._tag = message.mark()
        self._contact = f"sip:{invite.called}@{line.here}"
        self._said = self._quieted = ""
        self._cancelled = self._taken = self._gone = False
        self._half: Half | None = None
        self._sound: speech.Sound | None = None

    @property
    def trunk(self) -> UUID | None:
        """Whose line it takes, while it does."""
        return self._half.number.trunk if self._half is not None else None

    def holds(self, name: str) -> bool:
        """Whether the carrier's half is called so."""
        return self._half is not None and self._half.name == name

    def hears(self, tag: str, source: str | None) -> bool:
        """Whether this is the telephone's own side. source: the address a key's sound came from; None for a message inside the call."""
        half = self._half
        return half is not None and tag == half.tag and (source is None or source in half.places)

    async def run(self) -> None:
        """Never raises what a call may bring."""
        self._answer(100)
        try:
            await self._wait_until(self._plan.after)
            lasts = await self._ring()
            async with asyncio.timeout(lasts):
                await self._choice()
                await self._talk()
        except TimeoutError:
            log.info("telephone_time_over")
        except NotTaken as end:
            await self._do(telephones.unanswered, self._plan.ring, end.state, end.why)
        except Over:
            pass
        except Refused as refused:
            log.info("telephone_refused", code=refused.code)
        finally:
            await self._close()

    # --- towards the carrier --------------------------------------------------------------------------------------------

    async def _ring(self) -> float:
        """Until somebody picks up. Returns the seconds that it may last. Raises NotTaken, Over."""
        offer = message.sound(self._invite.body)
        if offer is None:
            raise NotTaken(RingState.FAILED, Why.CARRIER)
        async with self._line.dialling:  # of two at once each would count the other as not there
            number = await self._do(telephones.number, self._plan.ring, self._line.busy())
            if number is None:
                raise Over
            self._half = Half(self._line, number, self._invite.called, offer)
        sound = asyncio.create_task(asyncio.to_thread(speech.greeting, self._plan.gate, self._plan.language))
        self._half.invite()
        try:
            await asyncio.wait_for(self._picked_up(self._half), ANSWERS)
        except TimeoutError:
            raise NotTaken(RingState.UNANSWERED) from None
        finally:
            self._sound = await sound
        return number.seconds

    async def _picked_up(self, half: Half) -> None:
        """Raises NotTaken, Over."""
        while True:
            said = await self._next()
            if isinstance(said, str) or not said.status or said.name != half.name or said.method != "INVITE":
                continue
            status = half.heard(said)
            if said.body:
                await self._quiet(half)
            if status == 200:
                return
            if 180 <= status < 200:
                await self._do(telephones.rings, self._plan.ring)
                self._answer(180)
            elif status >= 300:
                raise NotTaken(*_OUTCOMES.get(status, (RingState.FAILED, Why.CARRIER)))

    async def _quiet(self, half: Half) -> None:
        """What sounds there is not for the visitor's ears, until a key is pressed. Raises NotTaken."""
        if half.tag == self._quieted:
            return
        try:
            await asyncio.to_thread(media.silence, half.name, half.tag)
        except OSError as error:
            log.error("telephone_not_silenced", error=type(error).__name__)
            raise NotTaken(RingState.FAILED, Why.CARRIER) from None
        self._quieted = half.tag

    # --- at the telephone -----------------------------------------------------------------------------------------------

    async def _choice(self) -> None:
        """Until a key is pressed that takes the call. Raises NotTaken, Over, Refused."""
        playing = asyncio.create_task(self._greet())
        try:
            key = await asyncio.wait_for(self._key("1#*"), CHOOSES)
        except TimeoutError:
            raise NotTaken(RingState.UNANSWERED, Why.NO_KEY) from None
        finally:
            playing.cancel()
        if key == "*":
            await self._do(telephones.refuse, self._plan.ring)
            raise Over
        await self._take()
        if key == "#":
            await self._open()

    async def _take(self) -> None:
        """From here on the two hear each other. Raises Refused, NotTaken."""
        if (half := self._half) is None:
            raise Over
        try:
            self._said = message.joined(self._invite.body, half.said)
        except ValueError:
            raise NotTaken(RingState.FAILED, Why.CARRIER) from None
        await self._do(telephones.take, self._plan.ring, self._tag)
        self._taken = True
        await asyncio.to_thread(media.stop, half.name, half.tag)
        await asyncio.to_thread(media.silence, half.name, half.tag, off=True)
        self._answer(200, self._said)

    async def _greet(self) -> None:
        """Again and again, until a key is pressed."""
        half = self._half
        while half is not None and self._sound is not None:
            if not await asyncio.to_thread(media.play, half.name, half.tag, str(self._sound.path)):
                log.warning("greeting_not_played")
                return
            await asyncio.sleep(self._sound.seconds + 1.5)

    async def _open(self) -> None:
        try:
            await self._do(telephones.open_gate, self._plan.ring)
        except Refused as refused:
            log.info("telephone_open_refused", code=refused.code)

    async def _talk(self) -> None:
        """Until one of the two hangs up. Raises Over."""
        again = asyncio.create_task(self._say_again())
        try:
            while True:
                if await self._key("#*") == "*":
                    raise Over
                await self._open()
        finally:
            again.cancel()

    async def _say_again(self) -> None:
        for seconds in RESENT:
            await asyncio.sleep(seconds)
            self._answer(200, self._said)

    async def _key(self, wanted: str) -> str:
        """The next of these keys. Raises Over, NotTaken."""
        while True:
            if isinstance(said := await self._next(), str) and said in wanted:
                return said

    # --- what comes in between ------------------------------------------------------------------------------------------

    async def _wait_until(self, seconds: float) -> None:
        """Raises Over."""

        async def listen() -> None:
            while True:
                await self._next()

        try:
            await asyncio.wait_for(listen(), seconds)
        except TimeoutError:
            return

    async def _next(self) -> Message | str:
        """What is to be known next; each second, whether it may go on. Raises Over, NotTaken."""
        while True:
            try:
                said = await asyncio.wait_for(self.events.get(), 1)
            except TimeoutError:
                if not await self._do(telephones.goes_on, self._plan.ring):
                    raise Over from None
                continue
            if isinstance(said, str) or said.status:
                return said
            self._requested(said)

    def _requested(self, said: Message) -> None:
        """Raises Over, NotTaken."""
        half = self._half
        if half is not None and said.name == half.name:
            if said.method == "BYE":
                half.answer(said, 200)
                half.gone = True
                raise Over if self._taken else NotTaken(RingState.UNANSWERED, Why.NO_KEY)
            half.answered(said)
        elif said.name != self._invite.name:
            self._line.say(message.answer(said, 481, own=self._tag))  # of another call, whoever sends it
        elif said.method == "CANCEL":
            self._line.say(message.answer(said, 200, own=self._tag))
            self._cancelled = True
            raise Over
        elif said.method == "BYE":
            self._line.say(message.answer(said, 200, own=self._tag))
            self._gone = True
            raise Over
        elif said.method == "ACK":
            self._said = ""
        elif said.method == "INVITE" and not message.tag(said.get("to")):
            self._answer(200 if self._taken else 100, self._said)
        else:
            self._line.say(message.answer(said, 501, own=self._tag))

    def _answer(self, status: int, body: str = "") -> None:
        if status != 200 or body:
            self._line.say(
                message.answer(self._invite, status, own=self._tag, contact=self._contact if body else "", body=body)
            )

    async def _do(self, work: Callable[..., T], *facts: object) -> T:
        return await self._line.do(work, *facts)

    # --- the end --------------------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        """Both halves, whichever way it ended."""
        if self._half is not None:
            await self._half.close(self.events)
        if not self._taken:
            self._answer(487 if self._cancelled else 408)
            return
        if not self._gone:
            self._line.bye(self._invite, self._tag, self._contact)
        try:
            await self._do(telephones.hang_up, self._plan.ring)
        except Refused:
            log.debug("call_was_over")


_OUTCOMES: dict[int, tuple[RingState, Why | None]] = {
    404: (RingState.FAILED, Why.UNKNOWN),
    484: (RingState.FAILED, Why.UNKNOWN),
    604: (RingState.FAILED, Why.UNKNOWN),
    486: (RingState.UNANSWERED, Why.BUSY),
    600: (RingState.UNANSWERED, Why.BUSY),
    603: (RingState.REFUSED, None),
    408: (RingState.UNANSWERED, None),
    480: (RingState.UNANSWERED, None),
    487: (RingState.UNANSWERED, None),
}
"""What an answer of the carrier's means (RFC 3261, 21)."""
