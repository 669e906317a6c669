"""The gate's end of the bus, against a real server with the real accounts."""

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import nats
import nkeys
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.errors import Error as NatsError

from anju.bus import subjects
from anju.gate import news
from anju.gate.identity import Identity
from anju.grants import signing
from anju.grants.decision import Reason
from anju.grants.grant import Ended, FaceRef, Grant, dump
from anju.recognition.faces import DIMENSIONS, Vector
from tests.gate import bus, made
from tests.gate.bus import Platform, Server, opening

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    one.start()
    yield one
    one.kill()


KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def me(server: Server) -> Identity:
    """A gate that this server's account knows."""
    plain = made.identity(KEY)
    nkey = nkeys.from_seed(bytearray(plain.seed)).public_key.decode()
    token = server.authority.gate_token(UUID(plain.gate), nkey)
    return replace(plain, jwt=token, nats=[server.address])


@pytest.fixture
def gate(me: Identity, tmp_path: Path) -> Iterator[made.Gate]:
    one = made.Gate(tmp_path / "gate", me)
    yield one
    one.close()


@pytest.fixture
async def platform(server: Server, me: Identity) -> AsyncIterator[Platform]:
    async with bus.platform(server, me, KEY) as one:
        await one.make_consumer()
        yield one


@asynccontextmanager
async def running(gate: made.Gate) -> AsyncIterator[None]:
    """The gate's link is up and running."""
    talking = asyncio.create_task(gate.link.run())
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def soon(happens: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it happens; fails when it does not."""
    for _ in range(int(seconds * 100)):
        if happens():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not happen in {seconds} s")


def a_face() -> list[Vector]:
    vector = np.random.default_rng().normal(size=DIMENSIONS)
    return [np.asarray(vector / np.linalg.norm(vector), np.float32)]


# grants


async def test_grants_arrive_and_are_acknowledged_and_the_gate_says_how_far_it_is(
    gate: made.Gate, platform: Platform
) -> None:
    sent = [await platform.tell(made.grant(face=None)) for _ in range(250)]
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 250)
        await soon(lambda: any(state["applied"] == sent[-1] for state in platform.states))
    assert platform.states[-1]["grants"] == 250
    place = await platform.consumer()
    assert (place.num_pending, place.num_ack_pending) == (0, 0)
    assert len(gate.store.grants()) == 250


async def test_an_end_sent_while_the_gate_runs_closes_the_door_within_a_second(
    gate: made.Gate, platform: Platform
) -> None:
    who = made.grant(face=None)
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 1)
        assert (await platform.open(who.id))["ok"]
        await platform.tell(Ended(who.id, 2))
        await soon(lambda: gate.brain.counts["grants"] == 0, seconds=1)
        assert (await platform.open(who.id))["code"] == Reason.REVOKED


@pytest.mark.parametrize("lie", ["signed by somebody else", "meant for another grant", "not signed"])
async def test_a_forged_grant_is_dropped_and_the_next_true_one_is_taken_in(
    gate: made.Gate, platform: Platform, lie: str
) -> None:
    forged = made.grant(face=None)
    subject, payload = subjects.grant(platform.gate, forged.id), dump(forged)
    headers = {
        "signed by somebody else": {signing.HEADER: signing.sign(Ed25519PrivateKey.generate(), subject, payload)},
        "meant for another grant": platform.signed(subjects.grant(platform.gate, uuid4()), payload),
        "not signed": {},
    }[lie]
    await platform.publish(subject, payload, headers)
    true = made.grant(face=None)
    last = await platform.tell(true)
    async with running(gate):
        await soon(lambda: gate.store.applied() == last)
    assert [one.id for one in gate.store.grants()] == [true.id]


async def test_a_message_is_not_acknowledged_before_it_is_stored(
    gate: made.Gate, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def full(*_: object) -> list[Grant | Ended]:
        tries.append(1)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(gate.store, "apply", full)
    await platform.tell(made.grant(face=None))
    async with running(gate):
        await soon(lambda: bool(tries))
        place = await platform.consumer()
        assert place.num_ack_pending == 1
        monkeypatch.undo()
        await soon(lambda: gate.brain.counts["grants"] == 1, seconds=15)


async def test_nothing_is_decided_after_a_reconnection_before_what_waited_is_taken_in(
    gate: made.Gate, platform: Platform
) -> None:
    who = made.grant(face=None)
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 1)
    for _ in range(1500):  # so much happened meanwhile; what matters comes last
        await platform.tell(made.grant(face=None))
    await platform.tell(Ended(who.id, 2))
    async with running(gate):
        await soon(lambda: gate.link.connected)
        await asyncio.sleep(0.05)
        assert gate.brain.counts["grants"] < 1501
        assert (await platform.open(who.id))["code"] == Reason.REVOKED
    assert gate.door.opened == 0


async def test_a_missing_place_in_the_stream_hinders_nothing_else_and_is_found_when_it_is_made(
    gate: made.Gate, server: Server, me: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MOST_SECONDS", 0.5)
    async with bus.platform(server, me, KEY) as platform, running(gate):
        gate.brain.permit("nonsense")
        await soon(lambda: gate.store.queued() == 0)
        assert (await platform.open(None))["ok"]
        await platform.tell(made.grant(face=None))
        await platform.make_consumer()
        await soon(lambda: gate.brain.counts["grants"] == 1)


# templates


async def test_templates_are_asked_for_fifty_at_a_time(gate: made.Gate, platform: Platform) -> None:
    for _ in range(120):
        who = made.grant()
        platform.faces[who.id] = (1, a_face())
        await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["templates"] == 120)
    assert max(platform.asked) <= 50
    assert len(gate.store.templates()) == 120


async def test_a_template_that_the_platform_does_not_have_yet_is_asked_for_again(
    gate: made.Gate, platform: Platform
) -> None:
    early, late = made.grant(), made.grant()
    platform.faces[early.id] = (1, a_face())
    await platform.tell(late)
    await platform.tell(early)
    async with running(gate):
        await soon(lambda: gate.brain.counts["templates"] == 1)
        platform.faces[late.id] = (1, a_face())
        await soon(lambda: gate.brain.counts["templates"] == 2)


async def test_a_vector_that_would_be_like_everybody_is_dropped(gate: made.Gate, platform: Platform) -> None:
    who = made.grant(face=FaceRef(1, strict=False))
    platform.faces[who.id] = (1, [100 * a_face()[0]])
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: bool(platform.asked))
        await asyncio.sleep(0.1)
        assert gate.brain.counts["templates"] == 0


# commands


async def test_a_command_is_obeyed_once_however_often_it_is_sent(
    gate: made.Gate, platform: Platform, tmp_path: Path
) -> None:
    who = made.grant(face=None)
    order = opening(who.id)
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 1)
        first = await platform.order(order)
        assert (first["ok"], first["code"]) == (True, Reason.REMOTE_OPEN)
        assert await platform.order(order) == first
    again = gate.restarted()
    async with running(again):
        await soon(lambda: again.link.connected)
        assert await platform.order(order) == first
    assert gate.door.opened + again.door.opened == 1
    assert [entry["id"] for entry in await platform.entries()] == [first["entry"]]
    again.close()


async def test_an_expired_command_is_refused(gate: made.Gate, platform: Platform) -> None:
    async with running(gate):
        await soon(lambda: gate.brain.clock.read().sure)
        answer = await platform.order(opening(None, seconds=-1))
    assert (answer["ok"], answer["code"], answer["entry"]) == (False, "expired", None)
    assert gate.door.opened == 0


async def test_staff_open_without_a_grant_but_only_by_saying_so(gate: made.Gate, platform: Platform) -> None:
    shown: list[int] = []
    gate.link.on_opened = lambda: shown.append(1)
    async with running(gate):
        await soon(lambda: gate.link.connected)
        assert (await platform.open(None))["ok"]
        order = opening(None)
        del order["grant"]
        with pytest.raises(TimeoutError):
            await platform.order(order, seconds=0.3)
    assert gate.door.opened == len(shown) == 1


async def test_a_command_that_the_platform_did_not_sign_is_not_even_answered(
    gate: made.Gate, platform: Platform
) -> None:
    async with running(gate):
        await soon(lambda: gate.link.connected)
        with pytest.raises(TimeoutError):
            payload = json.dumps(opening(None)).encode()
            await platform.client.request(subjects.command(platform.gate), payload, timeout=0.3)
    assert gate.door.opened == 0


# entries


async def test_entries_survive_the_servers_death_and_each_arrives_with_its_id(
    gate: made.Gate, server: Server, me: Identity
) -> None:
    async with bus.platform(server, me, KEY), running(gate):
        await soon(lambda: gate.link.connected)
        ids = []
        for number in range(300):
            ids.append(gate.brain.remote(None)[1])
            if number == 100:
                server.kill()
            if number == 200:
                assert gate.store.queued() > 50
                server.start()
            await asyncio.sleep(0.002)
        await soon(lambda: gate.store.queued() == 0)
    async with bus.platform(server, me, KEY) as platform:
        stored = [entry["id"] for entry in await platform.entries()]
    assert sorted(stored) == sorted(ids)
    assert gate.door.opened == 300


async def test_a_gate_that_starts_without_a_bus_opens_and_reports_later(
    gate: made.Gate, server: Server, me: Identity
) -> None:
    async with bus.platform(server, me, KEY):
        server.kill()
    phone = made.Phone()
    gate.told_the_time()
    gate.learn(made.grant(phone, face=None))
    async with running(gate):
        assert gate.brain.permit(phone.permit()).open
        server.start()
        await soon(lambda: gate.store.queued() == 0)
    async with bus.platform(server, me, KEY) as platform:
        [entry] = await platform.entries()
    assert (entry["way"], entry["result"]) == ("qr", "granted")


async def test_the_link_outlives_a_server_that_dies_again_and_again_and_loses_its_memory(
    gate: made.Gate, server: Server, me: Identity
) -> None:
    gate.brain.learn([made.grant(face=None)], 1000)
    async with running(gate):
        for _ in range(3):
            await soon(lambda: gate.link.connected)
            server.kill()
            await soon(lambda: not gate.link.connected)
            server.lose_everything()
            gate.brain.permit("nonsense")
            server.start()
        async with bus.platform(server, me, KEY) as platform:
            await platform.make_consumer()
            last = await platform.tell(made.grant(face=None))
            await soon(lambda: gate.brain.counts == {"grants": 2, "templates": 0, "queued": 0})
            assert gate.store.applied() == last == 1
            assert len(await platform.entries()) == 3


# time


async def test_the_gate_learns_the_time_from_the_platform_and_from_nobody_else(
    gate: made.Gate, platform: Platform
) -> None:
    platform.ahead = timedelta(minutes=10)
    async with running(gate):
        await soon(lambda: gate.brain.clock.read().sure)
        assert abs(gate.brain.clock.offset_ms - 600_000) < 2000
        await soon(lambda: abs(platform.states[-1]["offset_ms"] - 600_000) < 2000)


async def test_a_forged_time_is_not_believed(gate: made.Gate, platform: Platform) -> None:
    platform.key = Ed25519PrivateKey.generate()
    async with running(gate):
        await soon(lambda: bool(platform.states))
        assert not gate.brain.clock.read().sure


# what a gate may do on the bus


@asynccontextmanager
async def _raw(me: Identity) -> AsyncIterator[tuple[Client, list[str]]]:
    """The gate's own rights without the gate's program. Gives the connection and what was forbidden."""
    forbidden: list[str] = []

    async def note(error: Exception) -> None:
        forbidden.append(str(error))

    client = await nats.connect(
        me.nats,
        user_jwt_cb=lambda: me.jwt.encode(),
        signature_cb=me.sign,
        inbox_prefix=f"_INBOX_{me.gate}".encode(),
        error_cb=note,
    )
    try:
        yield client, forbidden
    finally:
        await client.close()


async def test_a_gate_can_neither_speak_nor_hear_for_another(me: Identity, platform: Platform) -> None:
    del platform
    other = uuid4()
    async with _raw(me) as (client, forbidden):
        spoken = [
            f"entries.{other}",
            f"state.{other}",
            f"ask.{other}.templates",
            f"cmd.{other}",
            f"grants.{me.gate}.x",
        ]
        for subject in spoken:
            await client.publish(subject, b"{}")
        heard = [f"cmd.{other}", f"grants.{other}.>", f"entries.{me.gate}", "_INBOX_platform.>", ">"]
        for subject in heard:
            await client.subscribe(subject)
        await client.flush()
        await soon(lambda: len(forbidden) == len(spoken) + len(heard))
        with pytest.raises((NatsError, TimeoutError)):
            await client.jetstream(timeout=0.3).consumer_info(subjects.GRANTS_STREAM, subjects.consumer(other))


async def test_nobody_gets_onto_the_bus_with_anothers_token(me: Identity, platform: Platform) -> None:
    del platform
    thief = nkeys.from_seed(bytearray(nkeys.encode_seed(b"t" * 32, nkeys.PREFIX_BYTE_USER)))
    with pytest.raises(NatsError):
        await nats.connect(
            me.nats,
            user_jwt_cb=lambda: me.jwt.encode(),
            signature_cb=lambda nonce: base64.b64encode(thief.sign(nonce.encode())),
            allow_reconnect=False,
            max_reconnect_attempts=1,
        )
