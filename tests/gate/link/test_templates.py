"""Faces reach the gate: asked for, sealed, and again later when the platform does not have them yet."""

import asyncio

import pytest

from anju.grants.grant import FaceRef
from tests.gate import made
from tests.gate.link.bus import Platform, running, soon
from tests.gate.made import a_face

pytestmark = pytest.mark.anyio


async def test_templates_are_asked_for_fifty_at_a_time(gate: made.Gate, platform: Platform) -> None:
    for _ in range(120):
        who = made.grant()
        platform.faces[who.id] = (1, [a_face()])
        await platform.tell(who)
    async with running(gate):
        await soon(lambda: gate.brain.counts["templates"] == 120)
    assert max(platform.asked) <= 50
    assert len(gate.store.templates()) == 120


async def test_a_template_that_the_platform_does_not_have_yet_is_asked_for_again(
    gate: made.Gate, platform: Platform
) -> None:
    early, late = made.grant(), made.grant()
    platform.faces[early.id] = (1, [a_face()])
    await platform.tell(late)
    await platform.tell(early)
    async with running(gate):
        await soon(lambda: gate.brain.counts["templates"] == 1)
        platform.faces[late.id] = (1, [a_face()])
        await soon(lambda: gate.brain.counts["templates"] == 2)


async def test_a_vector_that_would_be_like_everybody_is_dropped(gate: made.Gate, platform: Platform) -> None:
    who = made.grant(face=FaceRef(1, strict=False))
    platform.faces[who.id] = (1, [100 * a_face()])
    await platform.tell(who)
    async with running(gate):
        await soon(lambda: bool(platform.asked))
        await asyncio.sleep(0.1)
        assert gate.brain.counts["templates"] == 0
