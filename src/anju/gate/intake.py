"""Taking in what the platform says of who may come in: grants, their ends and face templates."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

from anju.gate.brain import Brain
from anju.gate.identity import Identity
from anju.gate.news import News
from anju.grants import encoding
from anju.grants.grant import BadGrant, Ended, Grant, parse
from anju.grants.sealing import Unsealable, unseal
from anju.recognition.faces import DIMENSIONS, Vector

log = structlog.get_logger()

STREAM = "GRANTS"
BATCH = 100
FETCH_SECONDS = 20.0
CATCH_UP_SECONDS = 0.25
TEMPLATES_AT_ONCE = 50
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before the platform is asked again for templates that it did not have."""

Faces = list[tuple[UUID, int, list[Vector]]]


class Intake:
    """Lives as long as one connection to the bus."""

    def __init__(self, identity: Identity, brain: Brain, bus: Client, news: News, changed: Callable[[], None]) -> None:
        """changed: called when the gate knows more or less than before."""
        self._identity = identity
        self._brain = brain
        self._bus = bus
        self._news = news
        self._changed = changed
        self._learnt = asyncio.Event()

    # grants

    async def grants(self) -> None:
        """Take grants in until cancelled. Raises nats.errors.Error."""
        gate = self._identity.gate
        pull = await self._bus.jetstream().pull_subscribe_bind(
            f"gate-{gate}", STREAM, inbox_prefix=f"_INBOX_{gate}.".encode()
        )
        try:
            delivered = (await pull.consumer_info()).delivered
            self._brain.store.rewind(delivered.stream_seq if delivered else 0)
            while True:
                if self._news.expected and await _nothing_waits(pull):
                    self._news.taken()
                await self._take(pull)
        finally:
            if not self._bus.is_closed:
                await pull.unsubscribe()

    async def _take(self, pull: JetStreamContext.PullSubscription) -> None:
        messages = await _waiting(pull, CATCH_UP_SECONDS if self._news.expected else FETCH_SECONDS)
        if not messages:
            return
        news = [one for message in messages if (one := self._read(message)) is not None]
        self._brain.learn(news, max(message.metadata.sequence.stream for message in messages))
        for message in messages:  # only now: what is acknowledged is in the store
            await message.ack()
        self._learnt.set()
        self._changed()

    def _read(self, message: Msg) -> Grant | Ended | None:
        if not self._identity.trusts(message.subject, message):
            log.warning("forged_grant_dropped", subject=message.subject)
            return None
        try:
            return parse(message.data)
        except BadGrant:
            log.warning("bad_grant_dropped", subject=message.subject)
            return None

    # templates

    async def templates(self) -> None:
        """Ask for the faces this gate should know until cancelled. Raises nats.errors.Error.

        The platform may not have one yet: those are asked for again, less and less often.
        """
        pause = FIRST_PAUSE
        while True:
            self._learnt.clear()
            for some in _at_once(self._brain.missing_templates()):
                self._brain.learn_faces(await self._ask(some))
                self._changed()
            patience = pause if self._brain.missing_templates() else None
            try:
                await asyncio.wait_for(self._learnt.wait(), patience)
                pause = FIRST_PAUSE
            except TimeoutError:
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _ask(self, grants: Sequence[UUID]) -> Faces:
        subject = f"ask.{self._identity.gate}.templates"
        question = json.dumps({"grants": [str(one) for one in grants]}).encode()
        answer = await self._bus.request(subject, question, timeout=5)
        if not self._identity.trusts(subject, answer):
            log.warning("forged_templates_dropped")
            return []
        try:
            sealed = encoding.decode(str(json.loads(answer.data)["sealed"]))
            return _faces(unseal(self._identity.box, sealed, subject))
        except (Unsealable, ValueError, KeyError, TypeError) as error:
            log.warning("bad_templates_dropped", error=type(error).__name__)
            return []


async def _waiting(pull: JetStreamContext.PullSubscription, seconds: float) -> list[Msg]:
    """The next messages; none when nothing comes in time.

    One is asked for, then as many as are known to wait: a fetch of many may hold back the first until its time is up.
    """
    try:
        messages = await pull.fetch(1, seconds)
    except TimeoutError:
        return []
    more = min(messages[-1].metadata.num_pending, BATCH - 1)
    if more:
        with suppress(TimeoutError):
            messages += await pull.fetch(more, CATCH_UP_SECONDS)
    return messages


async def _nothing_waits(pull: JetStreamContext.PullSubscription) -> bool:
    """Neither unsent, nor sent before the connection broke and to be sent again."""
    info = await pull.consumer_info()
    return not info.num_pending and not info.num_ack_pending


def _at_once(grants: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(grants), TEMPLATES_AT_ONCE):
        yield grants[start : start + TEMPLATES_AT_ONCE]


def _faces(opened: bytes) -> Faces:
    """Raises ValueError, KeyError or TypeError."""
    said: list[dict[str, Any]] = json.loads(opened)["templates"]  # Any: JSON from outside
    return [(UUID(str(one["grant"])), int(one["rev"]), [_vector(str(text)) for text in one["vectors"]]) for one in said]


def _vector(text: str) -> Vector:
    """Raises ValueError for what is no direction: one that is too long would be like everybody."""
    vector = np.frombuffer(encoding.decode(text), "<f4").astype(np.float32)
    if vector.shape != (DIMENSIONS,) or not abs(float(np.linalg.norm(vector)) - 1) < 0.01:
        raise ValueError("not a face")
    return vector
