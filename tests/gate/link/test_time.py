"""The gate learns what time it is."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.gate import made
from tests.gate.link.bus import Platform, running, soon

pytestmark = pytest.mark.anyio


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
