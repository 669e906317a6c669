"""A gate's keys are renewed while it runs: it keeps what it knows, and when it does not work out the old keys still count."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from nats.aio.msg import Msg

from anju.gate import identity
from anju.gate.identity import Identity
from anju.gate.link import Link
from anju.gate.renewal import Renewal
from anju.grants import encoding
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import Platform, running, soon

pytestmark = pytest.mark.anyio


@pytest.fixture
def registered(me: Identity, tmp_path: Path) -> Path:
    """The gate's home, as a registration leaves it."""
    home = tmp_path / "gate"
    home.mkdir()
    said = {
        "gate": me.gate, "name": me.name, "nats": me.nats, "jwt": me.jwt, "settings": {"open_seconds": 5},
        "platform_key": encoding.encode(me.platform.public_bytes_raw()),
    }  # fmt: skip
    keys = {
        "seed": me.seed.decode(),
        "box": encoding.encode(me.box.private_bytes_raw()),
        "storage": encoding.encode(me.storage),
    }
    (home / "registration.json").write_text(json.dumps(said))
    (home / "keys").write_text(json.dumps(keys))
    return home


@pytest.fixture
def gate(me: Identity, registered: Path) -> Any:
    one = made.Gate(registered, me)
    one.told_the_time()
    one.link = Link(me, one.brain, Renewal(registered))
    yield one
    one.close()


class Vouching:
    """The platform's end of a renewal. confirms: whether it accepts what the new key says."""

    def __init__(self, platform: Platform, *, confirms: bool) -> None:
        self.platform = platform
        self.confirms = confirms
        self.asked: list[str] = []
        self.answered = 0

    async def hear(self, message: Msg) -> None:
        question = message.subject.split(".")[2]
        said = json.loads(message.data)
        if question == "keys":
            self.asked.append(said["nkey"])
            answer: dict[str, object] = {
                "jwt": self.platform.server.authority.gate_token(UUID(str(self.platform.gate)), said["nkey"])
            }
        elif question == "renewed":
            answer = {"ok": self.confirms}
            self.answered += 1
        else:
            return
        payload = json.dumps(answer).encode()
        await self.platform.client.publish(
            message.reply, payload, headers=self.platform.signed(message.subject, payload)
        )


async def renew(gate: made.Gate, platform: Platform, *, confirms: bool) -> list[str]:
    """Run the gate, let it learn somebody, and tell it to renew its keys. Returns the keys it asked for."""
    platform.answers = False  # what else is asked is not what this is about
    vouching = Vouching(platform, confirms=confirms)
    for question in ("keys", "renewed"):
        await platform.client.subscribe(f"ask.{gate.me.gate}.{question}", cb=vouching.hear)
    async with running(gate):
        await soon(lambda: gate.link.connected)
        await platform.tell(made.grant(face=None))
        await soon(lambda: gate.brain.counts["grants"] == 1)
        assert (await platform.order({**bus.opening(None), "do": "renew"}))["code"] == "renew"
        await soon(lambda: bool(vouching.answered), seconds=15)
        await asyncio.sleep(0.3)  # a connection that was not confirmed ends
        await soon(lambda: gate.link.connected and not gate.link.news.expected, seconds=15)
        assert (await platform.open(None))["ok"]  # it answers on its new connection
    return vouching.asked


async def test_keys_are_renewed_and_nothing_that_is_known_is_lost(gate: made.Gate, platform: Platform) -> None:
    [asked] = await renew(gate, platform, confirms=True)
    now = identity.load(gate.home)
    assert now.nkey == asked != gate.me.nkey
    assert (now.gate, now.storage, now.registration) == (gate.me.gate, gate.me.storage, gate.me.registration)
    gate.me = replace(now)
    again = gate.restarted()
    assert again.brain.counts["grants"] == 1
    again.close()


async def test_when_the_platform_does_not_confirm_the_old_keys_still_count(gate: made.Gate, platform: Platform) -> None:
    await renew(gate, platform, confirms=False)
    assert identity.load(gate.home).nkey == gate.me.nkey
    assert gate.brain.counts["grants"] == 1
