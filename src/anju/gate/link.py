"""The gate's end of the bus (docs/gate-protocol.md). Everything here may fail at any time; the gate goes on without it."""

import asyncio
import base64
import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.client import JetStreamContext

from anju import __version__
from anju.gate.brain import Brain
from anju.gate.identity import Identity
from anju.grants import signing
from anju.grants.grant import BadGrant, Ended, Grant, parse
from anju.grants.sealing import Unsealable, unseal

log = structlog.get_logger()

STREAM = "GRANTS"
HEARTBEAT_SECONDS = 10
CLOCK_SECONDS = 60
SETTLE_SECONDS = 5
BATCH = 100
TEMPLATES_AT_ONCE = 50
REMEMBERED_COMMANDS = 500
_TROUBLE = (NatsError, OSError, TimeoutError)


class Link:
    """Keeps the gate and the platform in step."""

    def __init__(self, identity: Identity, brain: Brain, on_remote: Callable[[], None]) -> None:
        self._identity = identity
        self._brain = brain
        self._on_remote = on_remote
        self._client: Client | None = None
        self._settled = asyncio.Event()
        self._settled.set()  # without a connection there is nothing to wait for
        self._reconnected = asyncio.Event()
        self._entry = asyncio.Event()
        self._changed = asyncio.Event()
        self._done: OrderedDict[str, bytes] = OrderedDict()

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def settled(self) -> None:
        """After a reconnection nothing is decided before what waited has been taken in (five seconds at most)."""
        if not self._settled.is_set():
            try:
                await asyncio.wait_for(self._settled.wait(), SETTLE_SECONDS)
            except TimeoutError:
                log.warning("deciding_without_news")
                self._settled.set()

    def entry_stored(self) -> None:
        """An entry waits to be sent."""
        self._entry.set()
        self._changed.set()

    # connection

    async def run(self) -> None:
        """Connect and serve until cancelled."""
        identity = self._identity
        self._client = client = Client()
        while not client.is_connected:
            try:
                await client.connect(
                    servers=identity.nats,
                    name=f"gate-{identity.gate}",
                    user_jwt_cb=lambda: identity.jwt.encode(),
                    signature_cb=identity.sign,
                    inbox_prefix=f"_INBOX_{identity.gate}".encode(),
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.5,
                    connect_timeout=3,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    disconnected_cb=self._on_disconnect,
                    reconnected_cb=self._on_reconnect,
                    error_cb=self._on_error,
                )
            except _TROUBLE:
                await asyncio.sleep(1)
        self._settled.clear()
        await client.subscribe(f"cmd.{identity.gate}", cb=self._command)
        async with asyncio.TaskGroup() as tasks:
            for work in (self._grants, self._entries, self._heart, self._clock):
                tasks.create_task(self._for_ever(work))

    async def _for_ever(self, work: Callable[[], Any]) -> None:  # Any: a coroutine
        while True:
            try:
                await work()
            except _TROUBLE as error:
                log.info("bus_trouble", work=work.__name__, error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _on_disconnect(self) -> None:
        self._settled.set()

    async def _on_reconnect(self) -> None:
        self._settled.clear()
        self._reconnected.set()
        self._changed.set()
        self._entry.set()

    async def _on_error(self, error: Exception) -> None:
        log.info("bus_error", error=type(error).__name__)

    @property
    def _bus(self) -> Client:
        if self._client is None:
            raise NatsError("not connected")
        return self._client

    # grants

    async def _grants(self) -> None:
        """Take in what the platform says of who may come in, for as long as the connection lasts."""
        name = f"gate-{self._identity.gate}"
        stream = self._bus.jetstream()
        subscription = await stream.pull_subscribe_bind(name, STREAM, inbox_prefix=f"_INBOX_{self._identity.gate}.".encode())
        try:
            self._reconnected.clear()
            info = await subscription.consumer_info()
            if not info.num_pending and not info.num_ack_pending:
                await self._fetch_templates()
                self._settled.set()
            while not self._reconnected.is_set():
                await self._take(subscription)
        finally:
            await subscription.unsubscribe()

    async def _take(self, subscription: JetStreamContext.PullSubscription) -> None:
        fetching = asyncio.ensure_future(subscription.fetch(BATCH, timeout=20))
        waking = asyncio.ensure_future(self._reconnected.wait())
        await asyncio.wait({fetching, waking}, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()
        if not fetching.done():  # the connection is new: whatever was asked on the old one will not come
            fetching.cancel()
            return
        try:
            messages = fetching.result()
        except NatsTimeout:
            self._settled.set()
            return
        news: list[Grant | Ended] = []
        for message in messages:
            signature = (message.headers or {}).get(signing.HEADER)
            if not signing.verify(self._identity.platform, message.subject, message.data, signature):
                log.warning("forged_grant_dropped", subject=message.subject)
                continue
            try:
                news.append(parse(message.data))
            except BadGrant:
                log.warning("bad_grant_dropped", subject=message.subject)
        self._brain.learn(news, max(message.metadata.sequence.stream for message in messages))
        for message in messages:
            await message.ack()
        self._changed.set()
        await self._fetch_templates()
        if messages[-1].metadata.num_pending == 0:
            self._settled.set()

    async def _fetch_templates(self) -> None:
        subject = f"ask.{self._identity.gate}.templates"
        while missing := self._brain.missing_templates()[:TEMPLATES_AT_ONCE]:
            answer = await self._bus.request(subject, json.dumps({"grants": [str(one) for one in missing]}).encode(), timeout=5)
            if not signing.verify(self._identity.platform, subject, answer.data, (answer.headers or {}).get(signing.HEADER)):
                log.warning("forged_templates_dropped")
                return
            sealed = base64.urlsafe_b64decode(json.loads(answer.data)["sealed"] + "==")
            try:
                said = json.loads(unseal(self._identity.box, sealed, subject))
            except Unsealable:
                log.warning("templates_do_not_open")
                return
            for one in said["templates"]:
                vectors = [np.frombuffer(base64.urlsafe_b64decode(text + "=="), "<f4").astype(np.float32) for text in one["vectors"]]
                self._brain.learn_face(UUID(one["grant"]), int(one["rev"]), vectors)
            self._changed.set()
            if set(missing) & set(self._brain.missing_templates()):
                return  # the platform does not have them (yet): its next message asks again

    # commands

    async def _command(self, message: Msg) -> None:
        subject = f"cmd.{self._identity.gate}"
        if not signing.verify(self._identity.platform, subject, message.data, (message.headers or {}).get(signing.HEADER)):
            log.warning("forged_command_dropped")
            return
        command = json.loads(message.data)
        answer = self._done.get(command["id"])
        if answer is None:
            answer = json.dumps(await self._obey(command)).encode()
            self._done[command["id"]] = answer
            if len(self._done) > REMEMBERED_COMMANDS:
                self._done.popitem(last=False)
        await self._bus.publish(message.reply, answer)

    async def _obey(self, command: dict[str, Any]) -> dict[str, Any]:
        now = self._brain.now()
        result: dict[str, Any] = {"id": command["id"], "ok": False, "entry": None, "at": now.isoformat()}
        if now > datetime.fromisoformat(command["exp"]):
            return {**result, "code": "expired"}
        if command["do"] != "open" or not command.get("grant"):
            return {**result, "code": "unknown_command"}
        await self.settled()
        decision, entry = self._brain.remote(UUID(command["grant"]))
        self.entry_stored()
        if decision.open:
            self._on_remote()
        return {**result, "ok": decision.open, "code": decision.reason, "entry": entry}

    # entries, health, time

    async def _entries(self) -> None:
        """Send what is stored, oldest first; forget it only once the stream has it."""
        stream = self._bus.jetstream()
        subject = f"entries.{self._identity.gate}"
        while True:
            waiting = self._brain.store.waiting(BATCH)
            if not waiting:
                self._entry.clear()
                try:
                    await asyncio.wait_for(self._entry.wait(), 5)
                except TimeoutError:
                    pass
                continue
            sent = await asyncio.gather(
                *(stream.publish(subject, body, timeout=5, headers={"Nats-Msg-Id": entry_id}) for _, entry_id, body in waiting),
                return_exceptions=True,
            )
            numbers = [number for (number, _, _), done in zip(waiting, sent, strict=True) if not isinstance(done, BaseException)]
            self._brain.store.delivered(numbers)
            if len(numbers) < len(waiting):
                await asyncio.sleep(0.5)

    async def _heart(self) -> None:
        while True:
            self._changed.clear()
            state = {
                "at": self._brain.now().isoformat(),
                "version": __version__,
                "applied": self._brain.store.applied(),
                **self._brain.counts,
                "offset_ms": self._brain.offset_ms,
                "door": "open" if self._brain.door.is_open else "closed",
            }
            await self._bus.publish(f"state.{self._identity.gate}", json.dumps(state).encode())
            await asyncio.sleep(0.3)  # changes in a burst make one message
            try:
                await asyncio.wait_for(self._changed.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                pass

    async def _clock(self) -> None:
        subject = f"ask.{self._identity.gate}.time"
        while True:
            loop = asyncio.get_running_loop()
            began = loop.time()
            answer = await self._bus.request(subject, b"{}", timeout=3)
            took = loop.time() - began
            if signing.verify(self._identity.platform, subject, answer.data, (answer.headers or {}).get(signing.HEADER)):
                now = datetime.fromisoformat(json.loads(answer.data)["now"])
                self._brain.set_clock(now, timedelta(seconds=took / 2))
            await asyncio.sleep(CLOCK_SECONDS)

    async def close(self) -> None:
        if self._client is not None and not self._client.is_closed:
            await self._client.close()
