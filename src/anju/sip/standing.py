"""Something that rings where nothing does yet, so that a call stays open: for a device that is still being woken, or while only the app rings."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from anju.intercom.queries import RINGS
from anju.sip import message
from anju.sip.message import Message

if TYPE_CHECKING:
    from anju.sip.line import Line

PREFIX = "w"
"""With which its name begins, as Kamailio makes it up (conf/routes.cfg)."""


class Standing:
    """One call's: it rings until it is cancelled, and is answered by nobody."""

    trunk: UUID | None = None

    def __init__(self, line: "Line", invite: Message) -> None:
        self.events: asyncio.Queue[Message | str] = asyncio.Queue()
        self._line = line
        self._invite = invite
        self._tag = message.mark()

    def holds(self, name: str) -> bool:
        """It calls nobody."""
        del name
        return False

    def hears(self, tag: str, source: str | None) -> bool:
        """No key does anything here."""
        del tag, source
        return False

    async def run(self) -> None:
        """Kamailio ends it, by when a call may ring no longer at the latest."""
        self._answer(180)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled(), RINGS.total_seconds())
        self._answer(487)

    async def _cancelled(self) -> None:
        while True:
            said = await self.events.get()
            if isinstance(said, str) or said.status:
                continue
            if said.method == "CANCEL":
                self._line.say(message.answer(said, 200, own=self._tag))
                return
            if said.method == "INVITE":
                self._answer(180)  # Kamailio has not heard it

    def _answer(self, status: int) -> None:
        self._line.say(
            message.answer(self._invite, status, own=self._tag, contact=f"sip:{self._invite.called}@{self._line.here}")
        )
