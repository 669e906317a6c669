"""Talking on the bus as the platform: an async connection for processes that live on a loop, a thread-backed one for the rest."""

import asyncio
import base64
import json
import os
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

import nats
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from anju.bus import subjects
from anju.bus.server import authority
from anju.installation.ports import ports

log = structlog.get_logger()
T = TypeVar("T")


MOST_GATES = 100_000


class BusError(RuntimeError):
    """The bus did not carry a message: it is down, or nobody answered in time."""


def address() -> str:
    """The server that comes with Anju."""
    return f"nats://127.0.0.1:{ports()['nats']}"


def addresses() -> list[str]:
    """Where the bus is: `ANJU_NATS` names a cluster's members, separated by spaces."""
    return os.environ.get("ANJU_NATS", "").split() or [address()]


def _replicas() -> int:
    """On how many members of a cluster each stream lies."""
    return int(os.environ.get("ANJU_NATS_REPLICAS", "1"))


async def connect(name: str, *, wait: bool = True) -> Client:
    """A connection as the platform. It reconnects for ever; `wait` retries the first connection too."""
    who = authority()
    return await nats.connect(
        addresses(),
        name=name,
        user_jwt_cb=lambda: who.platform_token().encode(),
        signature_cb=lambda nonce: base64.b64encode(who.platform.sign(nonce.encode())),
        inbox_prefix=b"_INBOX_platform",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
        allow_reconnect=wait,
        connect_timeout=2,
        error_cb=_silent,  # each call reports its own failure; the supervisor reports the server's
    )


async def _silent(error: Exception) -> None:
    del error


async def ensure_streams(client: Client) -> None:
    """Make the two durable streams, or bring their settings up to date."""
    stream = client.jetstream()
    for config in (
        StreamConfig(
            name=subjects.GRANTS_STREAM,
            subjects=["grants.*.*"],
            num_replicas=_replicas(),
            max_msgs_per_subject=1,  # the last word about each grant
            discard=DiscardPolicy.OLD,
            max_consumers=MOST_GATES,  # left unsaid, the server takes a thousand and refuses the next gate
            allow_direct=True,
        ),
        StreamConfig(
            name=subjects.ENTRIES_STREAM,
            subjects=[subjects.ENTRIES, subjects.TERMINAL_EVENTS],
            num_replicas=_replicas(),
            duplicate_window=600,
            # Full, it takes no more and the gates keep theirs: revocations need the rest of the disk.
            discard=DiscardPolicy.NEW,
            max_bytes=4 * 2**30,
            max_msgs_per_subject=1_000_000,
            discard_new_per_subject=True,
        ),
    ):
        try:
            await _without_work_queue(stream, config)
            await stream.update_stream(config)
        except NotFoundError:
            await stream.add_stream(config)


async def _without_work_queue(stream: JetStreamContext, config: StreamConfig) -> None:
    """Version 0.1 kept entries in a work queue, which the server does not change into another kind: what waits is carried over."""
    info = await stream.stream_info(config.name or "")
    if info.config.retention != RetentionPolicy.WORK_QUEUE:
        return
    name, first = info.config.name or "", info.state.first_seq
    kept = []
    for number in range(first, info.state.last_seq + 1):
        with suppress(NotFoundError):
            kept.append(await stream.get_msg(name, number))
    await stream.delete_stream(name)
    await stream.add_stream(config)
    for one in kept:
        await stream.publish(one.subject or "", one.data or b"", headers=one.headers)


class _Link:
    """One connection on a loop in a thread of its own, for synchronous callers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        threading.Thread(target=self._loop.run_forever, name="bus", daemon=True).start()

    async def _connected(self) -> Client:
        async with self._lock:
            if self._client is None:
                self._client = await connect("web", wait=False)
            elif not self._client.is_connected:
                await self._client.close()
                self._client = await connect("web", wait=False)
            return self._client

    async def _with_client(self, use: Callable[[Client], Awaitable[T]]) -> T:
        return await use(await self._connected())

    def start(self, use: Callable[[Client], Awaitable[None]]) -> None:
        asyncio.run_coroutine_threadsafe(self._with_client(use), self._loop).add_done_callback(_report)

    def call(self, use: Callable[[Client], Awaitable[T]], seconds: float) -> T:
        future = asyncio.run_coroutine_threadsafe(self._with_client(use), self._loop)
        try:
            return future.result(seconds)
        except (NatsError, OSError, TimeoutError) as error:
            future.cancel()
            raise BusError(str(error) or type(error).__name__) from error


def _report(done: "Future[None]") -> None:
    if error := done.exception():
        log.warning("bus_message_lost", error=type(error).__name__)


@cache
def _link() -> _Link:
    return _Link()


def run(use: Callable[[Client], Awaitable[T]], seconds: float = 5) -> T:
    """Run `await use(client)` on this process's connection. Raises BusError."""
    return _link().call(use, seconds)


def publish(subject: str, message: Mapping[str, Any]) -> None:
    """Say `message` (JSON) to whoever listens now. Does not wait: what a browser misses it reads at its next load."""

    publish_all([(subject, message)])


def publish_all(news: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """`publish` for many: subject and message."""

    async def say(client: Client) -> None:
        for subject, message in news:
            await client.publish(subject, json.dumps(message).encode())

    _link().start(say)


def publish_signed(subject: str, payload: bytes, headers: dict[str, str]) -> None:
    """`publish` of what is signed as it is."""

    async def say(client: Client) -> None:
        await client.publish(subject, payload, headers=headers)

    _link().start(say)


def request(subject: str, payload: bytes, headers: dict[str, str], seconds: float) -> dict[str, Any]:
    """Ask and wait for the JSON answer. Raises BusError when nobody answers in `seconds`."""

    async def ask(client: Client) -> dict[str, Any]:
        answer = await client.request(subject, payload, timeout=seconds, headers=headers)
        found: dict[str, Any] = json.loads(answer.data)
        return found

    return run(ask, seconds + 2)
