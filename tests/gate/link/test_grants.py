"""Who may come in reaches the gate: signed, stored before it is acknowledged, and before anything is decided."""

import sqlite3
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bus import subjects
from anju.gate import news
from anju.gate.identity import Identity
from anju.grants import signing
from anju.grants.decision import Reason
from anju.grants.grant import Ended, Grant, dump
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import KEY, Platform, Server, running, soon

pytestmark = pytest.mark.anyio


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
        assert (await platform.order(bus.opening(who.id, 20), 20))["code"] == Reason.REVOKED
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
