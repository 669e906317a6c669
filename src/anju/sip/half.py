"""The carrier's half of a telephone's call: dialled, proven, acknowledged, hung up."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from anju.sip import message, place
from anju.sip.message import Message
from anju.sip.telephones import Number

if TYPE_CHECKING:
    from anju.sip.line import Line

UNNAMED = f"sip:line@{place.REALM}"
"""For whom a request is, as Kamailio hears it from us: the desk tells it when it asks."""
SOUND = "x-anju-sound"
"""The header in which Kamailio says where a carrier's sound comes from, and nobody else can (conf/routes.cfg)."""
LATER = 5
"""Seconds after ours at which Kamailio ends a call whose time is over. It may then tell one side alone: who answers its BYE at once has
it forget the other. So we hang up, and it is there for when we are not.
"""
GIVES_UP = 3.0
"""Seconds to wait for the end of a call that was cancelled."""


class Half:
    """What the carrier sees: the community's number calls a telephone, and nothing of who, where and for whom.

    said: what the telephone's side last said of its sound, with the media relay in its place. places: where it comes from itself.
    tag: by which the media relay knows the telephone.
    """

    def __init__(self, line: "Line", number: Number, user: str, offer: str) -> None:
        self.number = number
        self.name = message.mark()
        self.tag = self.said = ""
        self.places: set[str] = set()
        self.up = self.gone = False
        self._line = line
        self._offer = offer
        self._address = f"sip:{number.dialled}@{number.host}"
        self._from = f"<sip:{number.shown}@{number.host}>;tag={message.mark()}"
        self._to = f"<{self._address}>"
        self._contact = f"sip:{user}@{line.outside}"
        self._cseq = 0
        self._branch = ""
        self._target = ""
        self._routes: list[str] = []
        self._proof: tuple[str, str] | None = None
        self._over = False

    def invite(self) -> None:
        self._line.names(self.name, self._address, self.number.next_hop, self.number.seconds + LATER)
        self._cseq += 1
        self._branch = self._line.branch()
        self._request("INVITE", self._offer, self._branch)

    def heard(self, said: Message) -> int:
        """An answer to the INVITE. Returns its status; 0 for one that is dealt with."""
        if said.cseq != self._cseq:
            return 0
        if said.status in (401, 407) and self._proof is None and self.number.user:
            self._acknowledge(said)
            facts = self.number
            self._proof = message.proof(said, "INVITE", self._address, facts.user, facts.password)
            if self._proof is not None:
                self.invite()
                return 0
        if said.status < 300:
            self.tag = message.tag(said.get("to"))
            self._sounds_from(said)
        if 200 <= said.status < 300:
            self._to = said.get("to")
            self._target = said.contact() or self._target
            self._routes = list(reversed(said.routes()))
            self.said = said.body or self.said
            self.up = True
            self._acknowledge_up()
            return 200
        if said.status >= 300:
            self._acknowledge(said)
            self._over = True
        return said.status

    def _sounds_from(self, said: Message) -> None:
        if place_of := said.get(SOUND):
            self.places = message.places(place_of)

    def _request(self, method: str, body: str = "", branch: str = "", cseq: int = 0) -> None:
        headers = [
            ("Via", f"SIP/2.0/UDP {self._line.here};branch={branch or self._line.branch()}"),
            ("Max-Forwards", "70"),
            *(("Route", one) for one in self._routes),
            ("From", self._from),
            ("To", self._to),
            ("Call-ID", self.name),
            ("CSeq", f"{cseq or self._cseq} {method}"),
        ]
        if method == "INVITE":
            headers += [("Contact", f"<{self._contact}>"), ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE")]
            headers += [("P-Asserted-Identity", self._from.partition(";")[0]), *([self._proof] if self._proof else [])]
        where = self._target if self.up else UNNAMED
        self._line.say(message.write(f"{method} {where} SIP/2.0", headers, body))

    def _acknowledge_up(self) -> None:
        self._request("ACK")

    def _acknowledge(self, refused: Message) -> None:
        """Of an answer that ends the INVITE: part of the same step (RFC 3261, 17.1.1.3)."""
        to, self._to = self._to, refused.get("to")
        self._request("ACK", branch=self._branch)
        self._to = to

    def answered(self, asked: Message) -> None:
        """A request of the carrier's inside the call: it says where its sound is now, or asks whether we are there."""
        self._sounds_from(asked)
        if asked.method in ("INVITE", "UPDATE"):
            self._line.say(message.answer(asked, 200, own="", contact=self._contact, body=self._offer))
        elif asked.method != "ACK":
            self.answer(asked, 200)

    def answer(self, asked: Message, status: int) -> None:
        self._line.say(message.answer(asked, status, own=""))

    async def close(self, events: "asyncio.Queue[Message | str]") -> None:
        """Hang up, or cancel what has not been answered, which may be answered at the same moment."""
        if not self.up and not self._over:
            self._request("CANCEL", branch=self._branch)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended(events), GIVES_UP)
        if self.up and not self.gone:
            self._cseq += 1
            self._request("BYE")
        self._line.forgets(self.name)

    async def _ended(self, events: "asyncio.Queue[Message | str]") -> None:
        while not self.up and not self._over:
            said = await events.get()
            if isinstance(said, Message) and said.status and said.name == self.name and said.method == "INVITE":
                self.heard(said)
