"""A bus of its own for a test: a real server with the real accounts, and the platform's end of it."""

import asyncio
import base64
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy

from anju.bus import subjects
from anju.bus.client import ensure_streams
from anju.bus.credentials import Authority
from anju.gate.identity import Identity
from anju.grants import encoding, sealing, signing
from anju.grants.grant import Ended, Grant, dump
from anju.recognition.faces import Vector
from tests.gate.made import Gate

SERVER = Path(sys.executable).parent / "nats-server"
Json = dict[str, Any]

KEY = Ed25519PrivateKey.generate()
"""What the platform of these tests signs with."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """nats-server in a folder of its own."""

    def __init__(self, home: Path) -> None:
        @cache
        def secret(name: str) -> bytes:
            return secrets.token_bytes(32)

        self.authority = Authority.make(secret)
        self.address = f"nats://127.0.0.1:{(port := _free_port())}"
        self._home = home
        self._config = home / "nats.conf"
        accounts = home / "accounts"
        accounts.mkdir()
        who = self.authority
        (accounts / f"{who.system.public}.jwt").write_text(who.system_token())
        (accounts / f"{who.account.public}.jwt").write_text(who.account_token({}))
        self._config.write_text(
            f"""server_name: test
listen: "127.0.0.1:{port}"
operator: {who.operator_token()}
system_account: {who.system.public}
resolver: {{ type: full, dir: "{accounts}" }}
jetstream: {{ store_dir: "{home / "jetstream"}", sync_interval: always }}
"""
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(SERVER), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        host, port = self.address.removeprefix("nats://").split(":")
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("nats-server does not listen")

    def kill(self) -> None:
        """kill -9"""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def lose_everything(self) -> None:
        """What the streams held is gone."""
        shutil.rmtree(self._home / "jetstream")


@dataclass
class Platform:
    """The other end. answers: whether it has a worker that answers questions. faces: what it knows."""

    server: Server
    gate: UUID
    client: Client
    key: Ed25519PrivateKey
    box: bytes
    answers: bool = True
    ahead: timedelta = timedelta()
    faces: dict[UUID, tuple[int, list[Vector]]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    states: list[Json] = field(default_factory=list)

    async def make_consumer(self) -> None:
        await self.client.jetstream().add_consumer(
            subjects.GRANTS_STREAM,
            ConsumerConfig(
                durable_name=subjects.consumer(self.gate),
                filter_subject=subjects.grants(self.gate),
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=5,
                max_ack_pending=1000,
            ),
        )

    async def consumer(self) -> ConsumerInfo:
        """The gate's place in the grants stream."""
        name = subjects.consumer(self.gate)
        found: ConsumerInfo = await self.client.jetstream().consumer_info(subjects.GRANTS_STREAM, name)
        return found

    def signed(self, subject: str, payload: bytes) -> dict[str, str]:
        return {signing.HEADER: signing.sign(self.key, subject, payload)}

    async def tell(self, one: Grant | Ended) -> int:
        """Publish a grant or its end. Returns its place in the stream."""
        subject, payload = subjects.grant(self.gate, one.id), dump(one)
        return await self.publish(subject, payload, self.signed(subject, payload))

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> int:
        return (await self.client.jetstream().publish(subject, payload, headers=headers)).seq

    async def order(self, order: Json, seconds: float = 3) -> Json:
        """Send a command and wait for its answer."""
        subject, payload = subjects.command(self.gate), json.dumps(order).encode()
        until = time.monotonic() + seconds
        while True:
            try:
                said = await self.client.request(subject, payload, seconds, headers=self.signed(subject, payload))
                return dict(json.loads(said.data))
            except nats.errors.NoRespondersError:  # a gate that has just connected listens a moment later
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.05)

    async def open(self, grant: UUID | None) -> Json:
        return await self.order(opening(grant))

    async def entries(self) -> list[Json]:
        """Everything in the entries stream."""
        stream = self.client.jetstream()
        info = await stream.stream_info(subjects.ENTRIES_STREAM)
        if not info.state.messages:
            return []
        numbers = range(info.state.first_seq, info.state.last_seq + 1)
        found = [await stream.get_msg(subjects.ENTRIES_STREAM, number) for number in numbers]
        return [json.loads(one.data or b"") for one in found]

    async def hear(self, message: Msg) -> None:
        """Answer a gate's question, as the platform's worker does."""
        if not self.answers:
            return
        said: Json = {"now": (datetime.now(UTC) + self.ahead).isoformat()}
        if message.subject.endswith(".templates"):
            wanted = [UUID(one) for one in json.loads(message.data)["grants"]]
            self.asked.append(len(wanted))
            said = {"sealed": encoding.encode(self._sealed(message.subject, wanted))}
        payload = json.dumps(said).encode()
        await self.client.publish(message.reply, payload, headers=self.signed(message.subject, payload))

    def _sealed(self, subject: str, wanted: list[UUID]) -> bytes:
        found = [
            {
                "grant": str(one),
                "rev": self.faces[one][0],
                "vectors": [encoding.encode(vector.astype("<f4").tobytes()) for vector in self.faces[one][1]],
            }
            for one in wanted
            if one in self.faces
        ]
        return sealing.seal(self.box, json.dumps({"templates": found}).encode(), subject)

    async def note_state(self, message: Msg) -> None:
        self.states.append(json.loads(message.data))


def opening(grant: UUID | None, seconds: float = 3) -> Json:
    """A command to open that holds for so long."""
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    who = str(grant) if grant else None
    return {"id": str(uuid4()), "do": "open", "grant": who, "exp": expires.isoformat()}


async def as_platform(server: Server) -> Client:
    """A connection with the platform's rights; it mends itself after the server's death."""

    async def silent(error: Exception) -> None:
        del error

    who = server.authority
    return await nats.connect(
        server.address,
        user_jwt_cb=lambda: who.platform_token().encode(),
        signature_cb=lambda nonce: base64.b64encode(who.platform.sign(nonce.encode())),
        inbox_prefix=b"_INBOX_platform",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0,
        error_cb=silent,
    )


@asynccontextmanager
async def platform(server: Server, me: Identity, key: Ed25519PrivateKey) -> AsyncIterator[Platform]:
    """The platform, with its streams, serving this gate."""
    client = await as_platform(server)
    made = Platform(server, UUID(me.gate), client, key, me.box.public_key().public_bytes_raw())
    await ensure_streams(client)
    await client.subscribe(subjects.ASK, cb=made.hear)
    await client.subscribe(subjects.STATE, cb=made.note_state)
    try:
        yield made
    finally:
        await client.close()


@asynccontextmanager
async def running(gate: Gate) -> AsyncIterator[None]:
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
