"""What breaks between and around a gate and the platform: nothing is lost, counted twice or wrongly opened."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from nats.errors import ConnectionClosedError

from anju.access import recording
from anju.bus import subjects
from anju.gate.identity import Identity
from anju.grants.decision import Reason
from anju.grants.grant import Ended
from tests.attacks.line import line
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import KEY, Platform, Server, running, soon

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def test_a_day_without_the_platform_is_decided_locally_and_told_once_after(
    gate: made.Gate, server: Server, me: Identity
) -> None:
    """Ten thousand entries, spread over a day that passes at the gate alone."""
    async with bus.platform(server, me, KEY):
        server.kill()
    phone = made.Phone()
    began = datetime.now(UTC)
    resident, visitor = made.grant(phone), made.grant(until=began + DAY / 2, face=None)
    gate.learn(resident, visitor)
    results = []
    with gate.store.transaction():  # ten thousand flushes would be the disk's time, not the gate's
        for number in range(10_000):
            gate.brain.clock.set(began + DAY * number / 10_000, timedelta())
            results.append(gate.brain.remote((resident, visitor)[number % 2].id)[0].open)
    assert results[0::2] == [True] * 5000
    assert results[1::2] == [True] * 2500 + [False] * 2500
    assert gate.store.queued() == 10_000
    server.start()
    written: dict[str, int] = {}
    async with bus.platform(server, me, KEY) as platform, running(gate):

        async def write(messages: list[tuple[str, bytes]]) -> None:
            for _, body in messages:
                written[body.decode()] = written.get(body.decode(), 0) + 1

        recorder = asyncio.create_task(recording.record(platform.client, write))
        await soon(lambda: len(written) == 10_000, seconds=60)
        await soon(lambda: gate.store.queued() == 0)
        recorder.cancel()
    assert set(written.values()) == {1}


async def test_a_line_that_goes_silent_loses_nothing_and_lets_nobody_in_wrongly(
    gate: made.Gate, server: Server, me: Identity, tmp_path: Path
) -> None:
    phone = made.Phone()
    holder = made.grant(phone, face=None)
    async with bus.platform(server, me, KEY) as platform, line(server.address) as wire:
        await platform.make_consumer()
        far = made.Gate(tmp_path / "far", replace(me, nats=[wire.address]))
        far.told_the_time()
        async with running(far):
            await platform.tell(holder)
            await soon(lambda: bool(far.brain.counts["grants"]))
            wire.dead = True
            ids = [far.brain.remote(None)[1] for _ in range(50)]
            assert far.brain.permit(phone.permit()).open  # it cannot know better
            await platform.tell(Ended(holder.id, 2))
            await asyncio.sleep(0.5)
            wire.dead = False
            wire.close()  # the switch comes back and forgets the connections it had
            # Not whether it is connected: for a moment it takes the dead line for a living one.
            await soon(lambda: not far.brain.counts["grants"], seconds=20)
            assert far.brain.permit(phone.permit()).reason in {Reason.REVOKED, Reason.QR_UNKNOWN}
            await soon(lambda: far.store.queued() == 0, seconds=20)
        stored = [entry["id"] for entry in await platform.entries()]
        far.close()
    assert len(stored) == len(set(stored)) == 52
    assert set(ids) <= set(stored)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_an_hour_off_changes_no_decision(
    gate: made.Gate, server: Server, me: Identity, hours: int
) -> None:
    """The platform's time is an hour from the machine's: windows and codes follow the platform's, and the gate says how far it is."""
    async with bus.platform(server, me, KEY) as platform:
        await platform.make_consumer()
        platform.ahead = timedelta(hours=hours)
        now = datetime.now(UTC) + platform.ahead
        phone = made.Phone()
        visit = made.grant(phone, since=now - timedelta(minutes=10), until=now + timedelta(minutes=10), face=None)
        over = made.grant(until=now - timedelta(minutes=1), face=None)
        async with running(gate):
            await soon(lambda: any(abs(one["offset_ms"] - hours * 3_600_000) < 2000 for one in platform.states))
            gate.learn(visit, over)
            assert gate.brain.permit(phone.permit(now)).open
            assert gate.brain.permit(phone.permit(datetime.now(UTC))).reason is Reason.QR_EXPIRED
            assert gate.brain.remote(over.id)[0].reason is Reason.OUTSIDE_WINDOW


async def test_two_recorders_at_once_write_everything_and_cut_off_nothing_else(platform: Platform) -> None:
    """Two workers by mistake: each entry is written, by one or both, and counts once by its id."""
    stream = platform.client.jetstream()
    ids = [str(uuid4()) for _ in range(3000)]
    seen: list[str] = []

    async def write(messages: list[tuple[str, bytes]]) -> None:
        await asyncio.sleep(0.01)
        seen.extend(body.decode() for _, body in messages)

    recorders = [asyncio.create_task(recording.record(platform.client, write)) for _ in range(2)]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        await asyncio.gather(*(stream.publish(f"entries.{platform.gate}", one.encode()) for one in some))
    await soon(lambda: set(seen) == set(ids), seconds=30)
    for recorder in recorders:
        recorder.cancel()


async def test_what_could_not_be_written_down_is_still_there(platform: Platform) -> None:
    """The database dies in the middle of a batch."""
    stream = platform.client.jetstream()
    ids = [str(uuid4()) for _ in range(200)]
    await asyncio.gather(*(stream.publish(f"entries.{platform.gate}", one.encode()) for one in ids))
    tries: list[int] = []
    kept: list[str] = []

    async def write(messages: list[tuple[str, bytes]]) -> None:
        tries.append(len(messages))
        if len(tries) < 3:
            raise OSError("the database is away")
        kept.extend(body.decode() for _, body in messages)

    recorder = asyncio.create_task(recording.record(platform.client, write))
    await soon(lambda: sorted(kept) == sorted(ids), seconds=20)
    await asyncio.sleep(0.2)
    recorder.cancel()
    assert (await stream.stream_info(subjects.ENTRIES_STREAM)).state.messages == 0


async def test_a_recorder_ends_when_told_to_though_the_bus_answers_with_an_error(platform: Platform) -> None:
    """The bus's client does so when its connection ends in the same moment: a worker would never stop."""
    writing = asyncio.Event()

    async def write(_: list[tuple[str, bytes]]) -> None:
        writing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionClosedError from None

    recorder = asyncio.create_task(recording.record(platform.client, write))
    await platform.client.jetstream().publish(f"entries.{platform.gate}", b"{}")
    await asyncio.wait_for(writing.wait(), 10)
    recorder.cancel()
    _, still = await asyncio.wait({recorder}, timeout=3)
    recorder.cancel()
    assert not still
