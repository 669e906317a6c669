"""What gates tell the platform: entries are counted once, questions answered, health noted. Runs in the worker process."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    transaction,
)
from django.utils import timezone
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.client import JetStreamContext

from anju.access import actions, gate_link, sources
from anju.access import settings as gate_settings
from anju.access.models import Entry, Gate, Grant, Way
from anju.access.signals import entry_recorded
from anju.bus import subjects
from anju.grants import encoding, sealing
from anju.notices import actions as notices
from anju.privacy import consent, scope

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")
BATCH = 200
MOST_TEMPLATES = 50


async def listen(bus: Client) -> None:
    """Serve gates until cancelled."""
    await bus.subscribe(subjects.ASK, queue="platform", cb=_guarded(partial(_answer, bus)))
    await bus.subscribe(subjects.STATE, queue="platform", cb=_guarded(_state))
    await _entries(bus)


def _guarded(handle: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
    """A message that cannot be handled is logged and dropped: the gate asks again."""

    async def run(message: Msg) -> None:
        try:
            await handle(message)
        except (*_NONSENSE, DatabaseError, InterfaceError) as error:
            log.warning("gate_message_dropped", subject=message.subject, error=type(error).__name__)

    return run


async def _in_database(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run synchronous work in Django's thread, on a connection that has not died meanwhile."""

    def run() -> T:
        close_old_connections()
        return work(*args, **options)

    return await sync_to_async(run)()


# --- entries ----------------------------------------------------------------------------------------------------------


async def _entries(bus: Client) -> None:
    """Move entries from the stream into the database. A message is acknowledged only after its row is committed."""
    stream = bus.jetstream()
    while True:
        try:
            pull = await stream.pull_subscribe(
                subjects.ENTRIES,
                durable="platform",
                stream=subjects.ENTRIES_STREAM,
                config=ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=20, max_ack_pending=5000),
            )
            while True:
                messages = await _waiting(pull)
                if not messages:
                    continue
                await _in_database(store, [(message.subject, message.data) for message in messages])
                for message in messages:
                    await message.ack()
        except (NatsError, OperationalError, InterfaceError, OSError) as error:
            log.warning("entries_waiting", error=type(error).__name__)  # the stream keeps them
            await asyncio.sleep(0.5)


async def _waiting(pull: JetStreamContext.PullSubscription) -> list[Msg]:
    """The next messages; none when nothing comes in five seconds.

    One is asked for, then as many as are known to wait: a fetch of many may hold back the first until its time is up.
    """
    try:
        messages = await pull.fetch(1, timeout=5)
    except TimeoutError:
        return []
    if more := min(messages[0].metadata.num_pending, BATCH - 1):
        with suppress(TimeoutError):
            messages += await pull.fetch(more, timeout=0.5)
    return messages


def _entry(gate: Gate, data: bytes) -> tuple[Entry, UUID | None, UUID | None]:
    """An entry, the holder it speaks of and the grant. Raises one of _NONSENSE when a gate says something that is no entry."""
    said: dict[str, Any] = json.loads(data)
    at = datetime.fromisoformat(said["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    entry = Entry(
        id=UUID(said["id"]),
        community_id=gate.community_id,
        gate=gate,
        at=min(
            at.astimezone(UTC), timezone.now()
        ),  # a clock that is ahead must not keep it for ever on top of the list
        way=Way(said["way"]),
        result=Entry.Result(said["result"]),
        reason=str(said["reason"])[:40],
        score=_number(said["score"]),
        second=_number(said["second"]),
        offset_ms=int(said["offset_ms"]),
    )
    return entry, UUID(said["holder"]) if said["holder"] else None, UUID(said["grant"]) if said["grant"] else None


def _number(said: Any) -> float | None:  # Any: what the gate said
    """Raises ValueError or TypeError."""
    if said is None:
        return None
    if not isfinite(number := float(said)):
        raise ValueError("no finite number")
    return number


_NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


def _read(messages: list[tuple[str, bytes]]) -> Iterator[tuple[Entry, UUID | None, UUID | None]]:
    """What gates that we know say and that makes sense."""
    gates = Gate.objects.in_bulk({subjects.gate_of(subject) for subject, _ in messages})
    for subject, data in messages:
        gate = gates.get(subjects.gate_of(subject))
        if gate is None:
            continue
        try:
            yield _entry(gate, data)
        except _NONSENSE as error:
            log.warning("bad_entry", gate=str(gate.pk), error=type(error).__name__)


def store(messages: list[tuple[str, bytes]]) -> int:
    """Write a batch of entries; one already there is left as it is. Returns how many were new."""
    try:
        fresh = _store(messages)
    except (DataError, IntegrityError, *_NONSENSE) as error:
        if len(messages) > 1:  # one that the database will not have must not hold up the others
            return sum(store([one]) for one in messages)
        log.warning("bad_entry", subject=messages[0][0], error=type(error).__name__)
        return 0
    for entry in fresh:
        _announce(entry)
    return len(fresh)


@transaction.atomic
def _store(messages: list[tuple[str, bytes]]) -> list[Entry]:
    with scope.platform():
        read = list(_read(messages))
        said = [(entry, holder) for entry, holder, _ in read]
        grants = {entry.pk: grant for entry, _, grant in read}
        people = _people(said)
        for entry, holder in said:
            entry.person_id = people.get((entry.gate_id, holder, entry.way)) if holder else None
        known = set(Entry.objects.filter(pk__in=[entry.pk for entry, _ in said]).values_list("pk", flat=True))
        fresh = {entry.pk: entry for entry, _ in said if entry.pk not in known}
        Entry.objects.bulk_create(fresh.values(), ignore_conflicts=True)
        for entry in fresh.values():
            entry_recorded.send(Entry, entry=entry, grant=grants.get(entry.pk))
    return list(fresh.values())


def _people(said: list[tuple[Entry, UUID | None]]) -> dict[tuple[UUID, UUID | None, str], UUID]:
    """Whose these entries are, by gate, holder and way; only people who agree now that it is written down."""
    # A gate speaks only of holders it was told about: another gate's holder is nobody here.
    holders = {holder for _, holder in said if holder}
    gates = {entry.gate_id for entry, _ in said}
    grants = list(
        Grant.objects.filter(gate__in=gates, holder__in=holders).values_list("gate_id", "holder", "person_id")
    )
    persons = {person for _, _, person in grants}
    consent.hold(*persons)
    asked = {way: sources.agreements(way) for way in {entry.way for entry, _ in said}}
    agreeing = {purpose: consent.agreeing(persons, purpose) for purpose in set().union(*asked.values())}
    agree = {way: set().union(*(agreeing[purpose] for purpose in purposes)) for way, purposes in asked.items()}
    return {
        (gate, holder, way): person for gate, holder, person in grants for way, them in agree.items() if person in them
    }


def _announce(entry: Entry) -> None:
    facts = {
        "id": str(entry.pk), "gate": str(entry.gate_id), "way": entry.way, "result": entry.result, "at": entry.at.isoformat(),
    }  # fmt: skip
    notices.announce(f"community.{entry.community_id}", "entry", facts)
    if entry.person_id:
        notices.announce(f"person.{entry.person_id}", "entry", facts)


# --- questions and health -----------------------------------------------------------------------------------------


async def _answer(bus: Client, message: Msg) -> None:
    _, gate, question = message.subject.split(".")
    if not message.reply.startswith(f"_INBOX_{gate}."):
        return  # we may publish anywhere and it may not: it must not choose where its answer goes
    if question == "time":
        payload = json.dumps({"now": timezone.now().isoformat()}).encode()
    elif question == "templates":
        asked = [UUID(one) for one in json.loads(message.data)["grants"]][:MOST_TEMPLATES]
        payload = await _in_database(templates, UUID(gate), asked, message.subject)
    elif question == "settings":
        payload = await _in_database(gate_settings.sealed, UUID(gate), message.subject)
    else:
        return
    await bus.publish(message.reply, payload, headers=gate_link.signed(message.subject, payload))


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


async def _state(message: Msg) -> None:
    gate = subjects.gate_of(message.subject)
    said = json.loads(message.data)
    await _in_database(_note_state, gate, said)


def _note_state(gate: UUID, said: dict[str, Any]) -> None:
    actions.apply_state(gate, said)
    with scope.platform():
        community = Gate.objects.values_list("community_id", flat=True).get(pk=gate)
    notices.announce(
        f"community.{community}", "gate", {"id": str(gate), "door": said.get("door"), "queued": said.get("queued")}
    )
