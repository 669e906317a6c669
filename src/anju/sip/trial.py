"""The operator tries a line: their own telephone rings, and hears that it works."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.sip import media, message, speech, telephones, trunk
from anju.sip.half import Half
from anju.sip.message import Message
from anju.sip.models import Trunk
from anju.sip.telephones import Number

if TYPE_CHECKING:
    from anju.sip.line import Line

RINGS = 30.0
STAYS = 2.0
_NOWHERE = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
"""Nobody listens on our side: what is heard comes from the media relay."""


def own_number(line: UUID, person: UUID) -> tuple[Number, str]:
    """What is dialled, and the language that is spoken. Raises Refused, also for who has not agreed that their number goes out."""
    with scope.platform():
        one, who = Trunk.objects.filter(pk=line).first(), Person.objects.get(pk=person)
        phone = who.phone.open() if who.phone is not None and who.phone_verified else ""
        if one is None or not trunk.allows(one, phone):
            raise Refused("number_not_allowed", "", status=409)
        return telephones.dial(one, who, phone), who.language


class Trial:
    """One call with nobody at the other end."""

    def __init__(self, line: "Line", name: str, number: Number, language: str) -> None:
        self.events: asyncio.Queue[Message | str] = asyncio.Queue()
        self.came: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._line = line
        self._language = language
        self._half = Half(line, number, name, _NOWHERE)

    @property
    def trunk(self) -> UUID:
        return self._half.number.trunk

    def holds(self, name: str) -> bool:
        return self._half.name == name

    def hears(self, tag: str, source: str | None) -> bool:
        """No key does anything here."""
        del tag, source
        return False

    async def run(self) -> None:
        """`came` has what the carrier said first that says whether it works."""
        self._half.invite()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._until_over(), RINGS)
        finally:
            self._say(408)
            await self._half.close(self.events)

    def _say(self, status: int) -> None:
        if not self.came.done():
            self.came.set_result(status)

    async def _until_over(self) -> None:
        while True:
            said = await self.events.get()
            if isinstance(said, str):
                continue
            if not said.status:
                if said.method == "BYE":
                    self._half.answer(said, 200)
                    self._half.gone = True
                    return
                self._half.answered(said)
            elif said.method == "INVITE" and (status := self._half.heard(said)) >= 180:
                self._say(status)
                if status == 200:
                    await self._speak()
                if status >= 200:
                    return

    async def _speak(self) -> None:
        sound = await asyncio.to_thread(speech.test, self._language)
        if sound is not None:
            await asyncio.to_thread(media.play, self._half.name, self._half.tag, str(sound.path))
            await asyncio.sleep(sound.seconds + STAYS)


def name() -> str:
    """As Kamailio knows what belongs to the line (routes.cfg), and no line of a call's trace is called so."""
    return f"t0{int(message.mark(), 16)}"
