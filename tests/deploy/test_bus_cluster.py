"""Three servers of the bus: the one that leads dies, and grants and entries go on, none lost and none twice."""

import asyncio
import base64
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from uuid import UUID

import nats
import nkeys
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from anju.bus import client as bus
from anju.bus import subjects
from anju.bus.cluster import Member
from anju.bus.credentials import Authority
from anju.grants import signing
from anju.grants.grant import Grant, dump
from anju.site.tour.scratch import free_port
from tests.gate import made
from tests.gate.link.bus import KEY, running, soon

SERVER = Path(sys.executable).parent / "nats-server"
NAMES = ("anju-1", "anju-2", "anju-3")
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Cluster:
    """Three processes on loopback ports."""

    def __init__(self, home: Path) -> None:
        @cache
        def secret(name: str) -> bytes:
            return secrets.token_bytes(32)

        self.authority = Authority.make(secret)
        routes = {name: f"127.0.0.1:{free_port()}" for name in NAMES}
        self.members = [
            Member(
                name, home / name, f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}",
                routes[name], list(routes.values()),
            )
            for name in NAMES
        ]  # fmt: skip
        self.running = {one.name: self._start(one) for one in self.members}
        self.addresses = [f"nats://{one.listen}" for one in self.members]

    def _start(self, member: Member) -> "subprocess.Popen[bytes]":
        config = member.write(self.authority)
        log = (member.home / "log").open("ab")
        return subprocess.Popen([str(SERVER), "-c", str(config)], stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()

    def start(self, name: str) -> None:
        """The member comes back with what lies on its disk."""
        self.running[name] = self._start(next(one for one in self.members if one.name == name))

    def stop(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()

    async def platform(self) -> Client:
        who = self.authority

        async def silent(error: Exception) -> None:
            del error

        return await nats.connect(
            self.addresses,
            user_jwt_cb=lambda: who.platform_token().encode(),
            signature_cb=lambda nonce: base64.b64encode(who.platform.sign(nonce.encode())),
            inbox_prefix=b"_INBOX_platform",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
            error_cb=silent,
        )


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("ANJU_NATS_REPLICAS", "3")
    one = Cluster(tmp_path)
    yield one
    one.stop()


async def patiently(act: object, seconds: float = 60) -> object:
    """While a leader is being elected, the bus says that it cannot yet."""
    until = time.monotonic() + seconds
    while True:
        try:
            return await act()  # type: ignore[operator]
        except (nats.errors.Error, TimeoutError, OSError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)


async def test_the_leader_dies_and_grants_and_entries_go_on(cluster: Cluster, tmp_path: Path) -> None:
    platform: Client = await patiently(cluster.platform)  # type: ignore[assignment]
    stream = platform.jetstream(timeout=3)
    await patiently(lambda: bus.ensure_streams(platform))
    plain = made.identity(KEY)
    gate_id = UUID(plain.gate)
    nkey = nkeys.from_seed(bytearray(plain.seed)).public_key.decode()
    me = replace(plain, jwt=cluster.authority.gate_token(gate_id, nkey), nats=cluster.addresses)
    place = ConsumerConfig(
        durable_name=subjects.consumer(gate_id), filter_subject=subjects.grants(gate_id), deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT, ack_wait=5, max_ack_pending=1000,
    )  # fmt: skip
    await patiently(lambda: stream.add_consumer(subjects.GRANTS_STREAM, place))

    async def tell(grant: Grant) -> None:
        subject, payload = subjects.grant(gate_id, grant.id), dump(grant)
        headers = {signing.HEADER: signing.sign(KEY, subject, payload)}
        await patiently(lambda: stream.publish(subject, payload, headers=headers))

    gate = made.Gate(tmp_path / "gate", me)
    gate.told_the_time()
    ids: list[str] = []
    async with running(gate):
        before = [made.grant(face=None) for _ in range(20)]
        for one in before:
            await tell(one)
        await soon(lambda: gate.brain.counts["grants"] == 20, seconds=20)
        ids += [gate.brain.remote(one.id)[1] for one in before]
        await soon(lambda: gate.store.queued() == 0, seconds=20)
        led = {(await stream.stream_info(name)).cluster.leader for name in ("GRANTS", "ENTRIES")}  # type: ignore[union-attr]
        assert led <= set(NAMES)
        cluster.kill((await stream.stream_info("ENTRIES")).cluster.leader or "")  # type: ignore[union-attr]
        after = [made.grant(face=None) for _ in range(20)]
        ids += [gate.brain.remote(one.id)[1] for one in before]  # nobody waits for an election
        for one in after:
            await tell(one)
        await soon(lambda: gate.brain.counts["grants"] == 40, seconds=30)
        ids += [gate.brain.remote(one.id)[1] for one in after]
        await soon(lambda: gate.store.queued() == 0, seconds=30)
    state = (await stream.stream_info("ENTRIES")).state
    stored = [
        (await stream.get_msg("ENTRIES", number)).headers["Nats-Msg-Id"] for number in range(1, state.last_seq + 1)
    ]  # type: ignore[index]
    assert sorted(set(stored)) == sorted(ids)
    assert len(stored) == len(ids) == 60
    await platform.close()
    gate.close()
