"""A phone before the gate over Bluetooth LE: two whole Bluetooth stacks on one radio that exists in memory alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bumble.controller import Controller
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from anju.gate import bluetooth
from anju.gate.bluetooth import ANSWER, QUESTION, RESULT, Peripheral
from anju.gate.nearby import Nearby
from anju.grants import encoding
from tests.gate import made
from tests.gate.made import Gate, Phone
from tests.gate.test_nearby import PLATFORM, Visit


def device(link: LocalLink, address: str) -> Device:
    controller = Controller(address, link=link, public_address=address)
    return Device(address=Address(address), host=Host(controller, AsyncPipeSink(controller)))


class OnTheAir:
    """A phone that is connected to the gate."""

    def __init__(self, peer: Peer, visit: Visit) -> None:
        self.peer, self.visit = peer, visit
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pieces = b""

    async def begin(self) -> None:
        await self.peer.discover_all()
        await self._find(RESULT).subscribe(self._hear)

    def _find(self, uuid: str) -> Any:  # Any: bumble's own proxy
        (found,) = self.peer.get_characteristics_by_uuid(bluetooth.BluetoothUUID(uuid))
        return found

    def _hear(self, piece: bytes) -> None:
        self._pieces += piece[1:]
        if piece[:1] == bluetooth.LAST:
            self.heard.put_nowait(json.loads(self._pieces))
            self._pieces = b""

    async def asks(self) -> str:
        """The challenge, read as the gate's id and 32 bytes, in as many pieces as the radio's packets need."""
        read = await self._find(QUESTION).read_value()
        assert UUID(bytes=read[:16]) == self.visit.id
        return encoding.encode(read[16:])

    async def opens(self, said: Any) -> str:
        for piece in bluetooth.pieces(json.dumps(said).encode(), 100):
            await self._find(ANSWER).write_value(piece, with_response=True)
        return str((await asyncio.wait_for(self.heard.get(), 5))["code"])


@asynccontextmanager
async def connected(home: Path) -> AsyncIterator[OnTheAir]:
    gate = Gate(home, made.identity(PLATFORM))
    gate.told_the_time()
    phone = Phone()
    gate.learn(made.grant(phone))
    visit = Visit(gate, phone)
    link = LocalLink()
    there, here = device(link, "F0:F1:F2:F3:F4:F5"), device(link, "F5:F4:F3:F2:F1:F0")
    peripheral = Peripheral(there, Nearby(visit.id, gate.brain, gate.link))
    await peripheral.advertise()
    await here.power_on()
    connection = await here.connect(there.random_address)
    talk = OnTheAir(Peer(connection), visit)
    await talk.begin()
    try:
        yield talk
    finally:
        await connection.disconnect()
        gate.close()


def over_the_air(home: Path, act: Callable[[OnTheAir], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connected(home) as talk:
            await act(talk)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_phone_with_a_permit_opens_over_the_air(tmp_path: Path) -> None:
    async def act(talk: OnTheAir) -> None:
        visit = talk.visit
        assert await talk.opens(visit.answer(visit.permit(), await talk.asks())) == "nearby_ok"
        assert visit.gate.door.opened == 1
        assert visit.gate.entries()[0]["way"] == "nearby"

    over_the_air(tmp_path, act)


def test_what_was_heard_on_the_air_opens_nothing_again(tmp_path: Path) -> None:
    async def act(talk: OnTheAir) -> None:
        said = talk.visit.answer(talk.visit.permit(), await talk.asks())
        assert await talk.opens(said) == "nearby_ok"
        assert await talk.opens(said) == "permit_replayed"
        assert talk.visit.gate.door.opened == 1

    over_the_air(tmp_path, act)


def test_a_challenge_stays_until_it_is_answered_and_is_another_one_then(tmp_path: Path) -> None:
    async def act(talk: OnTheAir) -> None:
        first = await talk.asks()
        assert await talk.asks() == first
        await talk.opens({})
        assert await talk.asks() != first

    over_the_air(tmp_path, act)


@pytest.mark.parametrize("said", [{}, "x", {"permit": "ANJUP1.x.y", "challenge": "AA", "signature": "AA"}])
def test_nonsense_over_the_air_is_refused(tmp_path: Path, said: Any) -> None:
    async def act(talk: OnTheAir) -> None:
        assert await talk.opens(said) in ("permit_unknown", "permit_replayed")
        assert talk.visit.gate.door.opened == 0

    over_the_air(tmp_path, act)


def test_more_than_a_permit_can_be_is_thrown_away_and_the_gate_goes_on(tmp_path: Path) -> None:
    async def act(talk: OnTheAir) -> None:
        written = talk._find(ANSWER)
        for _ in range(100):
            await written.write_value(bluetooth.MORE + b"x" * 480, with_response=True)
        assert await talk.opens({}) == "permit_unknown"

    over_the_air(tmp_path, act)
