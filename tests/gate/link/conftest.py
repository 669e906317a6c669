"""A gate that is registered with a bus of its own, and the platform at its other end."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import nkeys
import pytest

from anju.gate.identity import Identity
from tests.gate import made
from tests.gate.link import bus
from tests.gate.link.bus import KEY, Platform, Server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    one.start()
    yield one
    one.kill()


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
