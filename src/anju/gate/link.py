"""The gate's end of the bus (docs/gate-protocol.md).

All of it may fail at any time; the gate goes on without it.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from anju import __version__
from anju.gate.brain import Brain
from anju.gate.calls import LinkDown
from anju.gate.configuration import Configuration
from anju.gate.identity import Identity
from anju.gate.intake import Intake
from anju.gate.news import News
from anju.gate.orders import Orders
from anju.gate.renewal import Renewal

log = structlog.get_logger()

HEARTBEAT_SECONDS = 10.0
CLOCK_SECONDS = 60.0
BATCH = 100
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
LONGEST_AWAY = 4.0
AGAIN_SECONDS = 0.2
ASK_SECONDS = 4.0
_TROUBLE = (NatsError, OSError, TimeoutError)


class _Connection(Client):
    """A connection that ends wholly. The library says its last words even on a broken line, and when that fails it stops
    half-way: nobody is told that it is closed, and its tasks stay."""

    async def _process_op_err(self, e: Exception) -> None:
        self._pending.clear()
        self._pending_data_size = 0
        await super()._process_op_err(e)


class Link:
    """Keeps the gate and the platform in step.

    A connection is never mended: when it breaks, everything that lived on it ends and a new one begins from
    nothing, so that no question waits for an answer that went down with the old one.
    """

    def __init__(self, identity: Identity, brain: Brain, renewal: Renewal | None = None) -> None:
        """renewal: how keys are renewed; None: they are not."""
        self.news = News()
        self.on_opened: Callable[[], None] = lambda: None
        self._identity = identity
        self._renewal = renewal
        self._new: Identity | None = None
        self._renew = asyncio.Event()
        self._brain = brain
        self._client: Client | None = None
        self._pause = SHORTEST_PAUSE
        self._entry = asyncio.Event()
        self._changed = asyncio.Event()
        brain.on_entry = self._entry_stored

    @property
    def connected(self) -> bool:
        """Whether the bus answers."""
        return self._client is not None and self._client.is_connected

    def _entry_stored(self) -> None:
        self._entry.set()
        self._changed.set()

    # the connection

    async def run(self) -> None:
        """Connect, serve until the connection ends, begin again; until cancelled."""
        task = asyncio.current_task()
        # The client answers some cancellations with an error of its own: see whether one was meant.
        while task is not None and not task.cancelling():
            try:
                await self._serve()
            except* _TROUBLE as trouble:
                self._away(trouble)
            except* Exception:
                # Not foreseen; but a gate without its platform is better than no gate.
                log.exception("link_failed")
            # Not all gates of a city at the same moment.
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.5))  # noqa: S311
            self._pause = min(2 * self._pause, LONGEST_AWAY)

    def _away(self, trouble: BaseExceptionGroup[BaseException]) -> None:
        """Note it once, however many hours it lasts."""
        if self._pause == SHORTEST_PAUSE:
            log.info("bus_away", error=type(trouble.exceptions[0]).__name__)

    async def _serve(self) -> None:
        """One connection's life. Always ends with an exception."""
        new, self._new = self._new, None
        identity = new or self._identity
        client = _Connection()
        gone = asyncio.Event()
        try:
            await _connect(client, identity, gone)
            log.info("bus_connected")
            if new is not None and self._renewal is not None:
                if not await self._renewal.confirm(new, client):
                    raise ConnectionClosedError  # the old keys still count
                self._identity = new
                log.info("keys_renewed")
            self._client, self._pause = client, SHORTEST_PAUSE
            self.news.expect()
            intake = Intake(identity, self._brain, client, self.news, self._changed.set)
            configuration = Configuration(identity, self._brain, client)
            orders = Orders(
                identity,
                self._brain,
                client,
                self.news,
                lambda: self.on_opened(),
                configuration.stale.set,
                self._changed.set,
                self._renew.set,
            )
            await client.subscribe(f"cmd.{identity.gate}", cb=orders.hear)
            async with asyncio.TaskGroup() as tasks:
                for work in (
                    self._clock,
                    configuration.follow,
                    intake.grants,
                    intake.templates,
                    self._entries,
                    self._heart,
                    self._renewing,
                ):
                    tasks.create_task(_keep_at(client, work))
                try:
                    await gone.wait()
                    raise ConnectionClosedError
                finally:
                    # The client loses a cancellation that meets an arriving message; a closed connection ends every wait.
                    await client.close()
        finally:
            self.news.taken()
            self._client = None
            if not client.is_closed:
                await client.close()

    @property
    def _bus(self) -> Client:
        if self._client is None:
            raise ConnectionClosedError
        return self._client

    async def ask(self, what: str, said: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        """Ask the platform something for whoever stands here. Raises LinkDown."""
        subject = f"ask.{self._identity.gate}.{what}"
        try:
            answer = await self._bus.request(subject, json.dumps(said).encode(), timeout=ASK_SECONDS)
            if not self._identity.trusts(subject, answer):
                raise LinkDown("forged")
            found = json.loads(answer.data)
        except (*_TROUBLE, ValueError) as error:
            raise LinkDown(type(error).__name__) from error
        if not isinstance(found, dict):
            raise LinkDown("nonsense")
        return found

    # entries, health, time

    async def _entries(self) -> None:
        """Send what is stored, the oldest first; forget it only when the stream has it."""
        stream = self._bus.jetstream()
        subject = f"entries.{self._identity.gate}"
        store = self._brain.store
        while True:
            waiting = store.waiting(BATCH)
            if not waiting:
                self._entry.clear()
                await self._entry.wait()
                continue
            sending = [
                stream.publish(subject, body, timeout=5, headers={"Nats-Msg-Id": entry}) for _, entry, body in waiting
            ]
            sent = await asyncio.gather(*sending, return_exceptions=True)
            failures = [one for one in sent if isinstance(one, BaseException)]
            safe = [entry for entry, one in zip(waiting, sent, strict=True) if not isinstance(one, BaseException)]
            store.delivered([number for number, _, _ in safe])
            self._changed.set()
            if failures:
                raise failures[0]

    async def _heart(self) -> None:
        """Say how the gate is: regularly, and soon after a change."""
        while True:
            self._changed.clear()
            state = {
                "at": self._brain.clock.read().now.isoformat(),
                "version": __version__,
                "applied": self._brain.store.applied(),
                **self._brain.counts,
                **self._brain.says,
                "offset_ms": self._brain.clock.offset_ms,
                "door": "open" if self._brain.door.is_open else "closed",
                "mode": self._brain.modes.now,
                "store": self._brain.store.health,
            }
            await self._bus.publish(f"state.{self._identity.gate}", json.dumps(state).encode())
            await asyncio.sleep(0.3)  # changes in a burst make one message
            try:
                await asyncio.wait_for(self._changed.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                continue

    async def _renewing(self) -> None:
        """When the platform says so: ask for new keys, and begin anew with them."""
        while True:
            await self._renew.wait()
            self._renew.clear()
            if self._renewal is None:
                continue
            self._new = await self._renewal.ask(self._identity, self._bus)
            if self._new is not None:
                await self._bus.close()

    async def _clock(self) -> None:
        """Learn the time, now and each minute."""
        subject = f"ask.{self._identity.gate}.time"
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            answer = await self._bus.request(subject, b"{}", timeout=3)
            took = timedelta(seconds=loop.time() - asked)
            if self._identity.trusts(subject, answer):
                self._learn_time(answer.data, took / 2)
            else:
                log.warning("forged_time_dropped")
            await asyncio.sleep(CLOCK_SECONDS)

    def _learn_time(self, said: bytes, halfway: timedelta) -> None:
        try:
            now = datetime.fromisoformat(json.loads(said)["now"]).astimezone(UTC)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("bad_time_dropped", error=type(error).__name__)
            return
        self._brain.clock.set(now, halfway)
        self._changed.set()


async def _connect(client: Client, identity: Identity, gone: asyncio.Event) -> None:
    """Raises nats.errors.Error, OSError or TimeoutError. gone: set when the connection has ended."""

    async def ended() -> None:
        gone.set()

    async def report(error: Exception) -> None:
        if client.is_connected:  # otherwise whoever waits for the connection hears of it
            log.info("bus_error", error=str(error))

    await client.connect(
        servers=identity.nats,
        name=f"gate-{identity.gate}",
        user_jwt_cb=lambda: identity.jwt.encode(),
        signature_cb=identity.sign,
        inbox_prefix=f"_INBOX_{identity.gate}".encode(),
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=3,
        ping_interval=5,
        max_outstanding_pings=2,
        closed_cb=ended,
        error_cb=report,
    )


async def _insisting(work: Awaitable[None]) -> None:
    """Await it. A cancellation is said again until it is heard: the client loses one that meets an arriving message, and
    what goes on to wait for something else would keep a broken connection alive for as long."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN_SECONDS)
        failure = None if task.cancelled() else task.exception()
    if failure is not None:
        raise failure


async def _keep_at(client: Client, work: Callable[[], Awaitable[None]]) -> None:
    """Do it, and after trouble again, less and less often: the platform may be down while the bus is up.

    Ends with the connection, or when it is cancelled: the client answers some cancellations with an error of its own.
    """
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    pause = SHORTEST_PAUSE
    while True:
        began = loop.time()
        try:
            await _insisting(work())
        except _TROUBLE as error:
            if client.is_closed or (me is not None and me.cancelling()):
                raise
            if loop.time() - began > LONGEST_PAUSE:
                pause = SHORTEST_PAUSE
            if pause == SHORTEST_PAUSE:
                log.info("bus_trouble", work=getattr(work, "__name__", ""), error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
