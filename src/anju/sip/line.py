"""The line to telephones: a user agent of the desk's that speaks to nobody but Kamailio, over loopback.

Kamailio carries what it says; it learns no password, and no number but from here, for calls that begin here.
"""

import asyncio
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.db import close_old_connections

from anju.installation.ports import outer, ports
from anju.privacy import scope
from anju.sip import message, place, standing, telephones
from anju.sip.leg import Leg
from anju.sip.message import Message
from anju.sip.standing import Standing
from anju.sip.trial import Trial, own_number
from anju.sip.trial import name as trial_name
from anju.sip.watch import watch

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True)
class Named:
    """What Kamailio is told about something that begins here. to: for whom; next_hop: through whom; seconds: how long it may last."""

    to: str
    next_hop: str
    seconds: int


class Line(asyncio.DatagramProtocol):
    """All telephones that ring and talk now."""

    def __init__(self) -> None:
        self.here = place.line()
        self.outside = f"{place.address()}:{ports()['sip_line']}"
        self._kamailio = place.address(), outer("sip")
        self._legs: dict[str, Leg | Trial | Standing] = {}
        self._doing: set[asyncio.Task[None]] = set()
        self._named: dict[str, Named] = {}
        self._waiting: dict[str, asyncio.Queue[Message]] = {}
        self._out: asyncio.DatagramTransport | None = None
        self._poke = asyncio.Event()
        self.dialling = asyncio.Lock()

    def start(self) -> None:
        """In a thread of its own. Raises OSError when its port is taken."""
        self._loop = asyncio.new_event_loop()
        place_of = "127.0.0.1", ports()["sip_line"]
        self._out, _ = self._loop.run_until_complete(
            self._loop.create_datagram_endpoint(lambda: self, local_addr=place_of)
        )
        self._soon(watch(self))
        threading.Thread(target=self._loop.run_forever, name="line", daemon=True).start()

    # --- what comes -----------------------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, sender: tuple[str | Any, int]) -> None:  # Any: the base class's own
        if sender != self._kamailio:
            log.warning("line_stranger")
            return
        try:
            said = Message.read(data)
        except (ValueError, IndexError):
            return  # an empty packet keeps a way open
        if said.status:
            self._answered(said)
        elif (leg := self._legs.get(said.called)) is not None:
            leg.events.put_nowait(said)
        elif said.method == "INVITE" and not message.tag(said.get("to")):
            self._soon(self._begin(said))
        elif said.method != "ACK":
            self.say(message.answer(said, 481, own=message.mark()))

    def _answered(self, said: Message) -> None:
        for leg in self._legs.values():
            if leg.holds(said.name):
                leg.events.put_nowait(said)
        if (waiting := self._waiting.get(said.name)) is not None:
            waiting.put_nowait(said)

    def _soon(self, work: Any) -> None:  # Any: a coroutine of whatever type
        task = self._loop.create_task(work)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _begin(self, invite: Message) -> None:
        """Kamailio rings a telephone that the desk has named to it, or wants a call kept open."""
        name = invite.called
        if name.startswith(standing.PREFIX) and name not in self._legs:
            await self._run(name, Standing(self, invite))
            return
        plan = await self.do(telephones.planned, int(name[1:]), invite.name) if name[1:].isdecimal() else None
        if plan is None or name in self._legs:
            self.say(message.answer(invite, 408, own=message.mark()))
            return
        await self._run(name, Leg(self, invite, plan))

    async def _run(self, name: str, leg: Leg | Trial | Standing) -> None:
        self._legs[name] = leg
        try:
            await leg.run()
        except Exception as error:  # noqa: BLE001  one telephone is lost, the line stays; the message may quote a number
            log.error("telephone_failed", error=type(error).__name__)
        finally:
            del self._legs[name]

    # --- what goes ------------------------------------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        if self._out is not None:
            self._out.sendto(data, self._kamailio)

    @staticmethod
    def branch() -> str:
        return f"z9hG4bK{secrets.token_hex(10)}"

    def bye(self, invite: Message, tag: str, contact: str) -> None:
        """Hang up towards whoever called."""
        headers = [
            ("Via", f"SIP/2.0/UDP {self.here};branch={self.branch()}"),
            ("Max-Forwards", "70"),
            *(("Route", one) for one in invite.routes()),
            ("From", f"{invite.get('to')};tag={tag}"),
            ("To", invite.get("from")),
            ("Call-ID", invite.name),
            ("CSeq", "1 BYE"),
            ("Contact", f"<{contact}>"),
        ]
        self.say(message.write(f"BYE {invite.contact()} SIP/2.0", headers))

    def names(self, name: str, address: str, next_hop: str, seconds: int = 0) -> None:
        """From now on Kamailio may ask for this one."""
        self._named[name] = Named(address, next_hop, seconds)

    def forgets(self, name: str) -> None:
        self._named.pop(name, None)

    async def asked(self, name: str, data: bytes, seconds: float) -> Message | None:
        """What a request comes to; None: nothing in time."""
        answers = self._waiting[name] = asyncio.Queue()
        self.say(data)
        try:
            async with asyncio.timeout(seconds):
                while (said := await answers.get()).status < 200:
                    continue
                return said
        except TimeoutError:
            return None
        finally:
            del self._waiting[name]

    async def poked(self, seconds: float) -> None:
        """So long, or until something has changed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poke.wait(), seconds)
        self._poke.clear()

    def busy(self) -> Counter[UUID]:
        """How many calls each trunk carries."""
        return Counter(one for leg in self._legs.values() if (one := leg.trunk) is not None)

    async def do(self, work: Callable[..., T], *facts: object) -> T:
        """Something with the database, in a thread."""
        return await asyncio.to_thread(_scoped, work, *facts)

    # --- asked by the desk, in other threads ----------------------------------------------------------------------------

    def named(self, name: str) -> Named | None:
        """What Kamailio may do for a call that it says begins here."""
        return self._named.get(name)

    def pressed(self, name: str, tag: str, digit: str, source: str | None = None) -> bool:
        """A key at a telephone. Returns whether the call is one of ours: only the telephone's own side is heard."""
        for leg in list(self._legs.values()):
            if leg.holds(name):
                if leg.hears(tag, source):
                    self._loop.call_soon_threadsafe(leg.events.put_nowait, digit)
                return True
        return False

    def changed(self) -> None:
        """The operator has changed a line: it is looked at now."""
        self._loop.call_soon_threadsafe(self._poke.set)

    def try_out(self, trunk: UUID, person: UUID) -> int:
        """Call this person by this line. Returns what the carrier said. Raises Refused."""
        return asyncio.run_coroutine_threadsafe(self._try_out(trunk, person), self._loop).result()

    async def _try_out(self, trunk: UUID, person: UUID) -> int:
        number, language = await self.do(own_number, trunk, person)
        trial = Trial(self, name := trial_name(), number, language)
        self._soon(self._run(name, trial))
        return await asyncio.wait_for(asyncio.shield(trial.came), 40)


def _scoped(work: Callable[..., T], *facts: object) -> T:
    with scope.request():
        close_old_connections()
        return work(*facts)


line = Line()
