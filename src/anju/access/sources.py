"""What a right to come in can come from: living here, being expected, a car. Each room above registers its own.

`actions.refresh` asks them all and makes every gate of the community hold what they say, and nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from anju.access.models import Gate
from anju.access.tags import tags
from anju.grants import encoding
from anju.privacy.purposes import Purpose
from anju.privacy.vault import vault
from anju.recognition.faces import Vector


@dataclass(frozen=True)
class Face:
    """Which enrolment counts. strict: somebody looks alike. here: made at the gate, never known to the platform."""

    rev: int
    strict: bool
    here: bool = False


@dataclass(frozen=True)
class Offer:
    """A right to come in, as one source gives it.

    source: unique among this person's in the community. ways: values of models.Way. since, until: aware. keys: 65-byte P-256
    points by key id. marks: plates and cards, such as `plate:鲁A12345`; a gate is told only their tags. uses: how often it opens each
    gate (None: without limit). floors: where each gate's lift may take the holder (floors_of). at: which gates; all of the community's unless said.
    """

    source: str
    ways: frozenset[str]
    since: datetime
    until: datetime | None
    keys: Sequence[tuple[UUID, bytes]] = ()
    face: Face | None = None
    marks: Sequence[str] = ()
    uses: int | None = None
    floors: Mapping[UUID, Collection[int]] = field(default_factory=dict)
    at: Callable[[Gate], bool] = lambda gate: True

    def payload(self, gate: Gate) -> dict[str, Any]:
        """What this gate is told (docs/gate-protocol.md), without ids."""
        return {
            "ways": sorted(self.ways),
            "from": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "keys": [{"id": str(key), "public": encoding.encode(public)} for key, public in self.keys],
            "face": _face(self.face),
            "marks": sorted(tags(gate.pk, self.marks)),
            "uses": self.uses,
            "floors": sorted(self.floors.get(gate.pk, ())),
        }


def _face(face: Face | None) -> dict[str, Any] | None:
    if face is None:
        return None
    return {"rev": face.rev, "strict": face.strict, **({"here": True} if face.here else {})}


Offers = Callable[[UUID, UUID], Iterable[Offer]]
Floors = Callable[[Collection[UUID]], Mapping[UUID, Collection[int]]]
Vectors = Callable[[UUID], tuple[int, Sequence[Vector]] | None]

_offers: list[Offers] = []
_faces: list[Vectors] = []
_people: list[Callable[[UUID], Iterable[UUID]]] = []
_floors: list[Floors] = []
_titles: list[Callable[[UUID, UUID], str | None]] = []
_agreements: dict[str, set[Purpose]] = {}


def offers(source: Offers) -> Offers:
    """Register a source: what it gives a person in a community (ids), now and next. Asked in that person's scope."""
    _offers.append(source)
    return source


def faces(source: Vectors) -> Vectors:
    """Register where templates lie: a person's enrolment number and vectors; None: not here, or not to be used."""
    _faces.append(source)
    return source


def people(source: Callable[[UUID], Iterable[UUID]]) -> Callable[[UUID], Iterable[UUID]]:
    """Register who a new gate of a community is to be told about. Asked in the platform's scope."""
    _people.append(source)
    return source


def floors(source: Floors) -> Floors:
    """Register which floors lead to these homes, by the gate whose lift goes there. Asked in the scope of whoever has a right."""
    _floors.append(source)
    return source


def floors_of(homes: Collection[UUID]) -> dict[UUID, set[int]]:
    """Where the lifts behind each gate may take somebody who goes to these homes."""
    found: dict[UUID, set[int]] = {}
    for source in _floors:
        for gate, reached in source(homes).items():
            found.setdefault(gate, set()).update(reached)
    return found


def titles(source: Callable[[UUID, UUID], str | None]) -> Callable[[UUID, UUID], str | None]:
    """Register how staff see somebody (person, community) who is no member: masked; None: not one of ours."""
    _titles.append(source)
    return source


def written_down_for(purpose: Purpose, *ways: str) -> None:
    """Register an agreement under which it is written down who came in these ways."""
    for way in ways:
        _agreements.setdefault(way, set()).add(purpose)


def offered(person: UUID, community: UUID) -> list[Offer]:
    """Everything this person may do at the community's gates: nothing, once their key is destroyed."""
    if not vault().knows(person):
        return []
    return [offer for source in _offers for offer in source(person, community) if offer.ways]


def template(person: UUID) -> tuple[int, Sequence[Vector]] | None:
    """A person's enrolment number and vectors, wherever they lie."""
    return next((found for source in _faces if (found := source(person)) is not None), None)


def everybody(community: UUID) -> set[UUID]:
    """Whoever may have a right at this community's gates."""
    return {person for source in _people for person in source(community)}


def title(person: UUID, community: UUID) -> str | None:
    """How staff see somebody who may come in and is no member; None: nobody knows them."""
    return next((found for source in _titles if (found := source(person, community)) is not None), None)


def agreements(way: str) -> set[Purpose]:
    """Any one of these agreements lets an entry of this way say who it was."""
    return _agreements.get(way, set())
