"""What happened reaches the platform, whatever dies in between."""

import asyncio

import pytest

from anju.gate.identity import Identity
from anju.grants.decision import Reason
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import KEY, Platform, Server, running, soon

pytestmark = pytest.mark.anyio


async def test_what_happens_while_nothing_else_does_is_reported_at_once(gate: made.Gate, platform: Platform) -> None:
    async with running(gate):
        await soon(lambda: bool(platform.states))
        gate.brain.permit("nonsense")
        await soon(lambda: gate.store.queued() == 0, seconds=1)
        [entry] = await platform.entries()
    assert entry["reason"] == Reason.QR_UNKNOWN


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


async def test_a_line_that_breaks_in_mid_sentence_ends_the_connection_at_once(
    gate: made.Gate, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(gate):
        await soon(lambda: gate.link.connected)
        client = gate.link._client
        assert client is not None

        async def broken() -> None:
            raise ConnectionResetError

        monkeypatch.setattr(client._transport, "drain", broken)
        client._pending.append(b"half a sentence")
        client._pending_data_size = 15
        await client._process_op_err(ConnectionResetError())
        await soon(lambda: gate.link.connected and gate.link._client is not client)
