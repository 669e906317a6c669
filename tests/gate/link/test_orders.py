"""The platform opens the door: once, in time, and only with its own word."""

import json

import pytest

from anju.bus import subjects
from anju.grants.decision import Reason
from tests.gate import made
from tests.gate.link.bus import Platform, opening, running, soon

pytestmark = pytest.mark.anyio


async def test_a_command_is_obeyed_once_however_often_it_is_sent(gate: made.Gate, platform: Platform) -> None:
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


async def test_the_inventory_is_what_lies_in_the_tables(gate: made.Gate, platform: Platform) -> None:
    one, other = made.grant(face=None), made.grant(face=None)
    await platform.tell(one)
    await platform.tell(other)
    async with running(gate):
        await soon(lambda: gate.brain.counts["grants"] == 2)
        ask = {**opening(None), "do": "inventory"}
        everything = await platform.order(ask)
        assert sorted(everything["rows"]) == sorted([[str(one.id), one.rev, False], [str(other.id), other.rev, False]])
        assert (everything["grants"], everything["templates"]) == (2, 0)
        first, last = sorted([str(one.id), str(other.id)])
        assert [row[0] for row in (await platform.order({**ask, "only": [first]}))["rows"]] == [first]
        assert [row[0] for row in (await platform.order({**ask, "after": first}))["rows"]] == [last]
        gate.store._db.execute("delete from grants where id = ?", [first])  # behind everybody's back
        assert [row[0] for row in (await platform.order(ask))["rows"]] == [last]
