"""Whom a terminal is to know: opaque names, card numbers and windows. No face, name, phone or home ever goes there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from anju.access import sources
from anju.privacy import scope
from anju.terminals.models import Known, Terminal

CARD = "card:"


@dataclass(frozen=True)
class Person:
    """What a terminal is told of one. holder: unique to this terminal. since, until: ISO 8601, until may be missing."""

    holder: str
    cards: tuple[str, ...]
    since: str
    until: str | None

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


def wanted(terminal: Terminal) -> dict[UUID, tuple[tuple[str, ...], str, str | None]]:
    """By person: cards, and the window in which they open."""
    found = {}
    with scope.platform():
        everybody = sources.everybody(terminal.community_id)
    for person in everybody:
        with scope.person(person, [terminal.community_id]):
            offers = [one for one in sources.offered(person, terminal.community_id) if one.at(terminal.gate)]
        held = [one for one in offers if "card" in one.ways and _cards(one)]
        if held:
            first = min(held, key=lambda one: one.since)  # a terminal keeps one window a person
            until = first.until.isoformat() if first.until else None
            found[person] = (_cards(first), first.since.isoformat(), until)
    return found


def _cards(offer: sources.Offer) -> tuple[str, ...]:
    return tuple(sorted(mark.removeprefix(CARD) for mark in offer.marks if mark.startswith(CARD)))


@dataclass(frozen=True)
class Difference:
    """What a terminal must be told to know what it should. put, gone: the rows and, for put, what to say."""

    put: Mapping[UUID, Person]
    gone: Mapping[UUID, str]


def difference(terminal: Terminal) -> Difference:
    """Against what it was told before. A row is made for whoever is new, so that their name there is known."""
    rights = wanted(terminal)
    with scope.platform():
        known = {one.person_id: one for one in Known.objects.filter(terminal=terminal)}
        for person in rights.keys() - known.keys():
            known[person] = Known.objects.create(
                community_id=terminal.community_id, terminal=terminal, person_id=person
            )
    put, gone = {}, {}
    for person, row in known.items():
        if person not in rights:
            gone[row.pk] = str(row.holder)
            continue
        told = Person(str(row.holder), *rights[person])
        if told.digest != row.digest:
            put[row.pk] = told
    return Difference(put, gone)


def everybody(terminal: Terminal) -> list[Person]:
    """The whole list, for terminals that take it as a whole."""
    rights = wanted(terminal)
    difference(terminal)
    with scope.platform():
        names = dict(Known.objects.filter(terminal=terminal).values_list("person_id", "holder"))
    return [Person(str(names[person]), *right) for person, right in rights.items()]
