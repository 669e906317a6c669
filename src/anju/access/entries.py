"""Writing down what gates report, many entries in one transaction: each counted once, and somebody's own only when they agreed to it.

The whole community's comings and goings pass here, so a batch costs a handful of statements, however many entries it has
(`./anju bench ingest`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from uuid import UUID

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from anju.access import sources
from anju.access.models import Entry, Gate, Way
from anju.access.signals import alarm_told, entry_recorded
from anju.bus import subjects
from anju.notices import actions as notices
from anju.privacy import consent, scope

log = structlog.get_logger()
NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
"""What reading something that makes no sense may raise."""
_WAYS = frozenset(Way.values)
_RESULTS = frozenset(Entry.Result.values)
_COLUMNS = {
    "id": "uuid",
    "community_id": "uuid",
    "gate_id": "uuid",
    "person_id": "uuid",
    "at": "timestamptz",
    "way": "text",
    "result": "text",
    "reason": "text",
    "score": "float8",
    "second": "float8",
    "offset_ms": "int8",
    "received_at": "timestamptz",
}
_INSERT = (
    f"insert into access_entry ({', '.join(_COLUMNS)}) "  # noqa: S608  names of ours
    f"select * from unnest({', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())}) on conflict do nothing returning id"
)
_HOLDERS = """
select held.gate_id, held.holder, held.id, held.person_id, held.source from access_grant held
join (select distinct * from unnest(%s::uuid[], %s::uuid[]) as pair (gate, holder)) said
on held.gate_id = said.gate and held.holder = said.holder
"""


@dataclass(slots=True)
class _Said:
    """An entry as a gate tells it. holder, grant: as the gate knows them; source: what the grant comes from, as we know it."""

    entry: Entry
    holder: UUID | None
    grant: UUID | None
    source: str | None = None


Translate = Callable[[str, bytes], tuple[str, bytes] | None]
Holders = Callable[[list[UUID], list[UUID]], list[tuple[UUID, UUID, UUID]]]
_translators: dict[str, Translate] = {}
_holders: list[Holders] = []


def translator(first_word: str) -> Callable[[Translate], Translate]:
    """Register who puts messages of these subjects into a gate's words (subject, body); None: they are nobody's. May raise NONSENSE."""

    def register(translate: Translate) -> Translate:
        _translators[first_word] = translate
        return translate

    return register


def holders(source: Holders) -> Holders:
    """Register who else knows whose a holder's name is: gate, holder, person, for gates and holders."""
    _holders.append(source)
    return source


def store(messages: Sequence[tuple[str, bytes]]) -> int:
    """Write a batch of entries (subject, body); one already there is left as it is. Returns how many were new."""
    try:
        return _store(messages)
    except (DataError, IntegrityError, *NONSENSE) as error:
        if len(messages) > 1:  # one that the database will not have must not hold up the others
            middle = len(messages) // 2
            return store(messages[:middle]) + store(messages[middle:])
        log.warning("bad_entry", subject=messages[0][0], error=type(error).__name__)
        return 0


@transaction.atomic
def _store(messages: Sequence[tuple[str, bytes]]) -> int:
    with scope.platform():
        said = {one.entry.pk: one for one in _read(messages)}
        if not said:
            return 0
        _name(said.values())
        fresh = [said[number] for number in _insert(one.entry for one in said.values())]
        for one in fresh:
            entry_recorded.send(Entry, entry=one.entry, grant=one.grant, source=one.source)
    notices.announce_all(news for one in fresh for news in _news(one.entry))
    return len(fresh)


def _in_gate_words(subject: str, data: bytes) -> tuple[str, bytes] | None:
    translate = _translators.get(subject.partition(".")[0])
    if translate is None:
        return subject, data
    try:
        return translate(subject, data)
    except NONSENSE as error:
        log.warning("bad_entry", subject=subject, error=type(error).__name__)
        return None


def _read(messages: Sequence[tuple[str, bytes]]) -> Iterator[_Said]:
    """What gates that we know say and that makes sense."""
    messages = [one for said in messages if (one := _in_gate_words(*said)) is not None]
    by_subject = {subject: subjects.gate_of(subject) for subject in {subject for subject, _ in messages}}
    gates = Gate.objects.in_bulk(set(by_subject.values()))
    now = timezone.now()
    for subject, data in messages:
        gate = gates.get(by_subject[subject])
        if gate is None:
            continue
        try:
            said: dict[str, Any] = json.loads(data)  # Any: JSON from outside
            if "alarm" in said:
                _alarm(gate, said, now)
            else:
                yield _entry(gate, said, now)
        except NONSENSE as error:
            log.warning("bad_entry", gate=str(gate.pk), error=type(error).__name__)


def _at(said: dict[str, Any], now: datetime) -> datetime:
    """When it happened. A clock that is ahead must not keep it for ever on top of the list."""
    at = datetime.fromisoformat(said["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return min(at.astimezone(UTC), now)


def _alarm(gate: Gate, said: dict[str, Any], now: datetime) -> None:
    """Raises one of NONSENSE when it is no alarm."""
    if type(said["on"]) is not bool:
        raise ValueError("neither on nor over")
    facts = {"event": UUID(said["id"]), "alarm": str(said["alarm"]), "on": said["on"], "at": _at(said, now)}
    alarm_told.send(Gate, gate=gate, **facts)


def _entry(gate: Gate, said: dict[str, Any], now: datetime) -> _Said:
    """Raises one of NONSENSE when a gate says something that is no entry."""
    if said["way"] not in _WAYS or said["result"] not in _RESULTS:
        raise ValueError("no such way or result")
    entry = Entry(
        id=UUID(said["id"]),
        community_id=gate.community_id,
        gate=gate,
        at=_at(said, now),
        way=said["way"],
        result=said["result"],
        reason=str(said["reason"])[:40],
        score=_number(said["score"]),
        second=_number(said["second"]),
        offset_ms=int(said["offset_ms"]),
        received_at=now,
    )
    holder, grant = said["holder"], said["grant"]
    return _Said(entry, UUID(holder) if holder else None, UUID(grant) if grant else None)


def _number(said: Any) -> float | None:  # Any: what the gate said
    """Raises ValueError or TypeError."""
    if said is None:
        return None
    if not isfinite(number := float(said)):
        raise ValueError("no finite number")
    return number


def _name(said: Iterable[_Said]) -> None:
    """Say whose these entries are; only of people who agree now that it is written down."""
    of_somebody = [one for one in said if one.holder]
    if not of_somebody:
        return
    # A gate speaks only of holders it was told about: another gate's holder is nobody here.
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [[one.entry.gate_id for one in of_somebody], [one.holder for one in of_somebody]])
        rows = cursor.fetchall()
    persons = {(gate, holder): person for gate, holder, _, person, _ in rows}
    asked = {(one.entry.gate_id, one.holder) for one in of_somebody if one.holder} - persons.keys()
    if asked:
        gates, names = [gate for gate, _ in asked], [holder for _, holder in asked]
        persons |= {(gate, holder): who for source in _holders for gate, holder, who in source(gates, names)}
    origins = {(gate, grant): source for gate, _, grant, _, source in rows}
    agree = _agreeing(set(persons.values()), {one.entry.way for one in of_somebody})
    for one in of_somebody:
        person = persons.get((one.entry.gate_id, one.holder))
        if person in agree[one.entry.way]:
            one.entry.person_id = person
        one.source = origins.get((one.entry.gate_id, one.grant))


def _agreeing(persons: set[UUID], ways: set[str]) -> dict[str, set[UUID]]:
    """Who agrees that it is written down when they come in, by way. From here on none of it changes until this is committed."""
    consent.hold(*persons)
    asked = {way: sources.agreements(way) for way in ways}
    agreed = {purpose: consent.agreeing(persons, purpose) for purpose in set().union(*asked.values())}
    return {way: set().union(*(agreed[purpose] for purpose in purposes)) for way, purposes in asked.items()}


def _insert(entries: Iterable[Entry]) -> list[UUID]:
    """Returns the ids that were not there before."""
    rows = list(entries)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [[getattr(row, column) for row in rows] for column in _COLUMNS])
        return [number for (number,) in cursor.fetchall()]


def _news(entry: Entry) -> Iterator[notices.News]:
    """Who is told at once that it happened: staff, and the person themself."""
    facts = {
        "id": str(entry.pk), "gate": str(entry.gate_id), "way": entry.way, "result": entry.result, "at": entry.at.isoformat(),
    }  # fmt: skip
    yield notices.News(f"community.{entry.community_id}", "entry", facts)
    if entry.person_id:
        yield notices.News(f"person.{entry.person_id}", "entry", facts)
