"""Attacks on gates and the bus, each from where an attacker would stand."""

import asyncio
import json
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from anju.access import recording
from anju.grants import permits
from anju.grants.decision import Reason
from anju.grants.grant import Way, dump
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import Platform, running, soon

pytestmark = pytest.mark.anyio
FLOOD = 5000


async def test_a_code_that_was_photographed_opens_nothing_once_it_was_used(gate: made.Gate) -> None:
    phone = made.Phone()
    gate.told_the_time()
    gate.learn(made.grant(phone))
    code = phone.permit()
    assert gate.brain.permit(code).open
    assert gate.brain.permit(code).reason is Reason.QR_REPLAYED
    again = gate.restarted()
    again.told_the_time()
    assert again.brain.permit(code).reason is Reason.QR_REPLAYED
    again.close()


async def test_a_code_of_one_community_is_nothing_in_another(gate: made.Gate, tmp_path: Path) -> None:
    phone = made.Phone()
    elsewhere = made.Gate(tmp_path / "elsewhere")
    elsewhere.told_the_time()
    gate.learn(made.grant(phone))
    assert elsewhere.brain.permit(phone.permit()).reason is Reason.QR_UNKNOWN
    elsewhere.close()


async def test_a_code_with_anothers_key_id_is_refused(gate: made.Gate) -> None:
    victim, thief = made.Phone(), made.Phone()
    gate.told_the_time()
    gate.learn(made.grant(victim))
    forged = permits.make(victim.id, thief.private, gate.brain.clock.read().now)
    assert gate.brain.permit(forged).reason is Reason.QR_UNKNOWN
    assert gate.door.opened == 0


async def test_a_grant_that_was_meant_for_another_gate_is_dropped(gate: made.Gate, platform: Platform) -> None:
    """Truly signed by the platform, copied to another gate's subject by whoever can write to the stream."""
    grant = made.grant(made.Phone(), face=None)
    payload = dump(grant)
    elsewhere = platform.signed(f"grants.{uuid4()}.{grant.id}", payload)
    async with running(gate):
        await soon(lambda: gate.link.connected)
        await platform.publish(f"grants.{gate.me.gate}.{grant.id}", payload, elsewhere)
        true = made.grant(face=None)
        await platform.tell(true)
        await soon(lambda: [one.id for one in gate.brain.grants()] == [true.id])


async def test_a_mode_that_the_platform_did_not_sign_locks_nothing(gate: made.Gate, platform: Platform) -> None:
    order = {**bus.opening(None), "do": "mode", "mode": "free", "number": 1}
    payload = json.dumps(order).encode()
    async with running(gate):
        await soon(lambda: gate.link.connected)
        with pytest.raises(asyncio.TimeoutError):
            await platform.client.request(f"cmd.{gate.me.gate}", payload, 0.5)
        assert not gate.door.held
        assert (await platform.order(order))["code"] == "mode"
        assert gate.door.held


async def test_an_order_of_yesterday_is_not_obeyed_again_under_another_id(gate: made.Gate, platform: Platform) -> None:
    """Recorded from the wire: signed, but the payload cannot be changed, and as it is it has expired."""
    order = bus.opening(None, seconds=0.3)
    subject, payload = f"cmd.{gate.me.gate}", json.dumps(order).encode()
    headers = platform.signed(subject, payload)
    async with running(gate):
        await soon(lambda: gate.link.connected)
        await platform.client.request(subject, payload, 3, headers=headers)
        changed = json.dumps({**order, "id": str(uuid4())}).encode()
        with pytest.raises(asyncio.TimeoutError):
            await platform.client.request(subject, changed, 0.5, headers=headers)
        await platform.client.request(subject, payload, 3, headers=headers)
    assert gate.door.opened == 1


async def test_a_flood_from_one_gate_holds_up_nobody_elses_entries(platform: Platform) -> None:
    """Ten times what a busy gate sends in a minute, at once; others' entries are written down meanwhile."""
    stream = platform.client.jetstream()
    others = [uuid4() for _ in range(20)]
    arrived: dict[str, float] = {}

    async def write(messages: list[tuple[str, bytes]]) -> None:
        arrived.update({body.decode(): time.monotonic() for _, body in messages})

    async def flood(gate: UUID) -> None:
        for start in range(0, FLOOD, 500):
            bodies = [f"flood-{start + number}".encode() for number in range(500)]
            await asyncio.gather(*(stream.publish(f"entries.{gate}", body, timeout=20) for body in bodies))

    recorder = asyncio.create_task(recording.record(platform.client, write))
    flooding = asyncio.create_task(flood(platform.gate))
    sent: dict[str, float] = {}
    for gate in others:
        await asyncio.sleep(0.05)
        sent[str(gate)] = time.monotonic()
        await stream.publish(f"entries.{gate}", str(gate).encode(), timeout=20)
    await flooding
    await soon(lambda: len(arrived) == FLOOD + len(others), seconds=60)
    recorder.cancel()
    assert max(arrived[gate] - at for gate, at in sent.items()) < 5


@pytest.mark.parametrize("mark", ["card:0", "card:", "plate:鲁A12345", "", "card:" + "0" * 10_000])
async def test_a_made_up_card_opens_nothing_at_a_gate_that_was_not_told_its_key_yet(gate: made.Gate, mark: str) -> None:
    gate.told_the_time()
    gate.learn(made.grant(marks=frozenset({"", "x"})))
    assert gate.brain.mark(mark, Way.CARD, Reason.CARD_UNKNOWN).reason is Reason.CARD_UNKNOWN
    assert gate.door.opened == 0
