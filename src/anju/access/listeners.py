"""What gates tell the platform: entries go into the database, questions are answered, health is noted. Runs in the worker process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from nats.aio.client import Client
from nats.aio.msg import Msg

from anju.access import actions, entries, gate_keys, gate_link, recording, sources
from anju.access import settings as gate_settings
from anju.access.entries import NONSENSE
from anju.access.models import Gate, Grant
from anju.bus import subjects
from anju.grants import encoding, sealing
from anju.notices import actions as notices
from anju.privacy import scope

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")
MOST_TEMPLATES = 50
NOTED_EVERY = 0.25
"""Seconds."""


async def listen(bus: Client) -> None:
    """Serve gates until cancelled."""
    # Time apart: an answer that waits behind others' questions would be wrong by as much.
    # A queue of its own as well: the server hands a message to one of all that share a queue's name, whatever they subscribed to.
    await bus.subscribe(subjects.ASK_TIME, queue="time", cb=_guarded(partial(_time, bus)))
    await bus.subscribe(subjects.ASK, queue="platform", cb=_guarded(partial(_answer, bus)))
    for subject, handle in heard:
        await bus.subscribe(subject, queue="platform", cb=_guarded(partial(_elsewhere, handle)))
    await bus.subscribe(subjects.STATE, queue="platform", cb=_guarded(_state))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(recording.record(bus, _write))
        tasks.create_task(_note_states())


heard: list[tuple[str, Callable[[UUID], None]]] = []
"""Subjects that rooms above serve: the work is done in the database's thread with the id that the subject names."""


async def _elsewhere(handle: Callable[[UUID], None], message: Msg) -> None:
    await _in_database(handle, subjects.gate_of(message.subject))


async def _write(messages: list[tuple[str, bytes]]) -> None:
    await _in_database(entries.store, messages)


def _guarded(handle: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
    """A message that cannot be handled is logged and dropped: the gate asks again."""

    async def run(message: Msg) -> None:
        try:
            await handle(message)
        except (*NONSENSE, DatabaseError, InterfaceError) as error:
            log.warning("gate_message_dropped", subject=message.subject, error=type(error).__name__)

    return run


async def _in_database(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run synchronous work in Django's thread, on a connection that has not died meanwhile."""

    def run() -> T:
        close_old_connections()
        return work(*args, **options)

    return await sync_to_async(run)()


# --- questions and health -----------------------------------------------------------------------------------------


def _is_own(message: Msg) -> bool:
    """We may publish anywhere and a gate may not: it must not choose where its answer goes."""
    return message.reply.startswith(f"_INBOX_{subjects.gate_of(message.subject)}.")


async def _reply(bus: Client, message: Msg, payload: bytes) -> None:
    await bus.publish(message.reply, payload, headers=gate_link.signed(message.subject, payload))


async def _time(bus: Client, message: Msg) -> None:
    if _is_own(message):
        await _reply(bus, message, json.dumps({"now": timezone.now().isoformat()}).encode())


async def _answer(bus: Client, message: Msg) -> None:
    gate, question = subjects.gate_of(message.subject), message.subject.split(".")[2]
    if not _is_own(message):
        return
    if (answer := questions.get(question)) is not None:
        await _reply(bus, message, await _in_database(answer, gate, message.data, message.subject))


def _templates(gate: UUID, said: bytes, subject: str) -> bytes:
    return templates(gate, [UUID(one) for one in json.loads(said)["grants"]][:MOST_TEMPLATES], subject)


Question = Callable[[UUID, bytes, str], bytes]
"""Of a gate: its id, what it says, the subject it says it on. Returns the answer."""
questions: dict[str, Question] = {
    "templates": _templates,
    "keys": lambda gate, said, _subject: gate_keys.ask(gate, said),
    "renewed": lambda gate, said, _subject: gate_keys.confirm(gate, said),
    "settings": lambda gate, _said, subject: gate_settings.sealed(gate, subject),
}
"""What gates may ask, by the subject's last word; rooms above add theirs. Run in the database's thread."""


def templates(gate_id: UUID, grants: list[UUID], subject: str) -> bytes:
    """The face templates of these grants of this gate, sealed for it alone."""
    found = []
    with scope.platform():
        gate = Gate.objects.get(pk=gate_id)
        for grant in Grant.objects.filter(gate=gate, pk__in=grants, gone=False):
            template = sources.template(grant.person_id) if "face" in grant.payload.get("ways", []) else None
            if template is None:
                continue
            rev, vectors = template
            pieces = [encoding.encode(vector.astype("<f4").tobytes()) for vector in vectors]
            found.append({"grant": str(grant.pk), "rev": rev, "vectors": pieces})
    sealed = sealing.seal(bytes(gate.box_key or b""), json.dumps({"templates": found}).encode(), subject)
    return json.dumps({"sealed": encoding.encode(sealed)}).encode()


_states: dict[UUID, actions.Health] = {}
"""The last word of each gate that is not noted yet."""


async def _state(message: Msg) -> None:
    _states[subjects.gate_of(message.subject)] = actions.Health.read(json.loads(message.data))


async def _note_states() -> None:
    """Note what gates said, those of a thousand together: each says how it is every ten seconds, and after each change."""
    while True:
        await asyncio.sleep(NOTED_EVERY)
        states = dict(_states)
        _states.clear()
        if not states:
            continue
        try:
            await _in_database(_note, states)
        except (DatabaseError, InterfaceError) as error:
            log.warning("states_dropped", error=type(error).__name__)  # they say it again


def _note(states: dict[UUID, actions.Health]) -> None:
    actions.apply_states(states)
    with scope.platform():
        communities = dict(Gate.objects.filter(pk__in=states).values_list("pk", "community_id"))
    notices.announce_all(
        notices.News(
            f"community.{communities[gate]}",
            "gate",
            {"id": str(gate), "door": state.report.get("door"), "queued": state.report.get("queued")},
        )
        for gate, state in states.items()
        if gate in communities
    )
