"""Moving what gates report from the stream into the database.

The stream itself is the list of what is not written down yet: it is read from its first message, and what is committed is cut off
at its beginning. Two workers that do so at once write the same entries, which count once by their ids, and cut off only what
each has written: nothing depends on who is first. One acknowledgement a message would cost the server a flush of its disk each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

import structlog
from django.db import InterfaceError, OperationalError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.client import JetStreamContext

from anju.bus import subjects

log = structlog.get_logger()
BATCH = 1000
PATIENCE = 5.0
"""Seconds in which nothing may come before the next look."""
FORGOTTEN_AFTER = 60.0
"""Seconds after which the server forgets a reader that has gone."""

Write = Callable[[list[tuple[str, bytes]]], Awaitable[object]]


class GapError(RuntimeError):
    """A message went missing on its way here: what follows must not be cut off with it."""


async def record(bus: Client, write: Write) -> None:
    """Write down what comes (subject, body) until cancelled. write: returns when it is committed."""
    while not _told_to_end():
        try:
            await _follow(bus, write)
        except (NatsError, OperationalError, InterfaceError, OSError, TimeoutError, GapError) as error:
            log.warning("entries_waiting", error=type(error).__name__)  # the stream keeps them
            await asyncio.sleep(0.5)


def _told_to_end() -> bool:
    """The client answers some cancellations with an error of its own, or not at all: see whether one was meant."""
    me = asyncio.current_task()
    return me is not None and me.cancelling() > 0


async def _follow(bus: Client, write: Write) -> None:
    stream = bus.jetstream()
    pull = await stream.pull_subscribe(
        ">",
        stream=subjects.ENTRIES_STREAM,
        config=ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=FORGOTTEN_AFTER, mem_storage=True),
    )
    numbers = count(1)
    coming = asyncio.ensure_future(_waiting(pull))
    try:
        while not _told_to_end():
            messages = await coming
            coming = asyncio.ensure_future(_waiting(pull))  # they travel while these are written
            if not messages:
                continue
            if any(message.metadata.sequence.consumer != next(numbers) for message in messages):
                raise GapError
            await write([(message.subject, message.data) for message in messages])
            await stream.purge_stream(subjects.ENTRIES_STREAM, seq=messages[-1].metadata.sequence.stream + 1)
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, NatsError, TimeoutError):
            await coming
        if not bus.is_closed:
            await pull.unsubscribe()


async def _waiting(pull: JetStreamContext.PullSubscription) -> list[Msg]:
    """The next messages; none when nothing comes for a while.

    One is asked for, then as many as are known to wait: a fetch of many may hold back the first until its time is up.
    """
    try:
        messages = await pull.fetch(1, timeout=PATIENCE)
    except TimeoutError:
        return []
    if more := min(messages[0].metadata.num_pending, BATCH - 1):
        with suppress(TimeoutError):
            messages += await pull.fetch(more, timeout=0.5)
    return messages
