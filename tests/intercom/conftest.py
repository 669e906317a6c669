"""A gate's pad: the gate's own code, registered with the platform, on the real bus."""

import asyncio
import base64
import json
import queue
import secrets
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import cv2
import nats
import nkeys
import numpy as np
import pytest
from django.utils import timezone
from nats.aio.client import Client
from nats.aio.msg import Msg

from anju.access import actions
from anju.access.models import Gate
from anju.bus import client as bus
from anju.bus.server import authority
from anju.gate.calls import Calls, LinkDown
from anju.gate.orders import read
from anju.homes.models import Community, Home
from anju.intercom import at_gate
from anju.intercom.purposes import INTERCOM, INTERCOM_MESSAGE
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.access.conftest import streams as streams
from tests.gate import made

RUNG = (*factories.EVERYTHING, INTERCOM, INTERCOM_MESSAGE)
OFFER = "v=0 the gate's half"
Said = dict[str, Any]  # JSON
T = TypeVar("T")


def jpeg(shade: int = 120) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((60, 80, 3), shade, np.uint8))[1])


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Screen:
    """A kiosk page: what it was told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Said] = asyncio.Queue()


class Pad:
    """A gate with a dial pad. The platform's orders reach it over the bus; what it asks is asked of the platform's own code."""

    def __init__(self, gate: Gate, home: Path) -> None:
        pair = nkeys.from_seed(bytearray(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)))
        with scope.platform():
            code = actions.make_code(gate, staff=None)
        actions.register(code, nkey=pair.public_key.decode(), box_key=factories.box_key(), version="test")
        self.gate = gate
        self.device = made.Gate(home)
        self.device.told_the_time()
        self.calls = Calls(self.device.brain, self._ask)
        self.screen = Screen()
        self._asked: queue.Queue[tuple[Said, Future[Said]]] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        token = authority().gate_token(gate.pk, pair.public_key.decode()).encode()

        async def serve(_platform: Client) -> Client:
            client = await nats.connect(
                bus.address(),
                user_jwt_cb=lambda: token,
                signature_cb=lambda nonce: base64.b64encode(pair.sign(nonce.encode())),
                allow_reconnect=False,
                inbox_prefix=f"_INBOX_{gate.pk}".encode(),
            )

            async def obey(message: Msg) -> None:
                code, entry = await asyncio.wrap_future(self._soon(self._obey(message.data)))
                if message.reply:
                    await client.publish(message.reply, json.dumps({"ok": True, "code": code, "entry": entry}).encode())

            await client.subscribe(f"cmd.{gate.pk}", cb=obey)
            await client.flush()
            return client

        self._client = bus.run(serve)

    def _soon(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _obey(self, data: bytes) -> tuple[str, str | None]:
        return self.calls.obey(read(data).call or {})

    async def _ask(self, what: str, said: Said) -> Said:
        """The test's thread answers, for it holds the database's transaction."""
        assert what == "call"
        answer: Future[Said] = Future()
        self._asked.put((said, answer))
        return await asyncio.wrap_future(answer)

    def _answer(self) -> None:
        with suppress(queue.Empty):
            said, answer = self._asked.get(timeout=0.02)
            subject = f"ask.{self.gate.pk}.call"
            try:
                with scope.request():
                    answer.set_result(json.loads(at_gate.ask(self.gate.pk, json.dumps(said).encode(), subject)))
            except (ValueError, KeyError, TypeError) as error:
                answer.set_exception(LinkDown(type(error).__name__))

    def press(self, do: str, **more: Any) -> Said:
        """Somebody presses something; returns what the screen is told last, {} when nothing."""

        async def begin() -> None:
            self.calls.hear(self.screen, {"do": do, **more})

        self._soon(begin()).result(5)
        return self.said()

    def said(self) -> Said:
        """What the screen was told last, once the gate has nothing left to do."""
        while self.calls._doing:
            self._answer()
        last: Said = {}
        while not self.screen.told.empty():
            last = self.screen.told.get_nowait()
        return last

    def dial(self, to: str | None, picture: bytes | None = None) -> Said:
        return self.press("dial", to=to, offer=OFFER, picture=text(jpeg() if picture is None else picture))

    def close(self) -> None:
        bus.run(lambda _platform: self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.device.close()


@pytest.fixture
def gate(community: Community) -> Gate:
    return factories.gate(community)


@pytest.fixture
def pad(streams: None, gate: Gate, tmp_path: Path) -> Iterator[Pad]:
    made = Pad(gate, tmp_path)
    yield made
    made.close()


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community, "1201")


@pytest.fixture
def family(home: Home) -> tuple[Person, Person]:
    """Two who live there and agree to be rung."""
    people = factories.person(RUNG), factories.person(RUNG)
    for one in people:
        factories.member(one, home, since=timezone.now() - timedelta(days=90))
    return people


def call_id(said: Said) -> UUID:
    return UUID(said["call"])
