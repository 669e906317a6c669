"""What a gate may do on the bus: its own, and nothing else."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import nats
import nkeys
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from anju.bus import subjects
from anju.gate.identity import Identity
from tests.gate.link.bus import Platform, soon

pytestmark = pytest.mark.anyio


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
