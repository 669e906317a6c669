"""A grant: somebody's right to come in at one gate, as the platform tells it (docs/gate-protocol.md)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from anju.grants import encoding


class Way(StrEnum):
    """How somebody asks to be let in."""

    FACE = "face"
    QR = "qr"
    REMOTE = "remote"
    NEARBY = "nearby"
    PLATE = "plate"
    CARD = "card"


class BadGrant(ValueError):
    """The message is no grant."""


@dataclass(frozen=True)
class FaceRef:
    """Which enrolment of the holder's face counts. strict: somebody in the community looks alike.

    here: it is made at the gate and never leaves it; the platform has none to give.
    """

    rev: int
    strict: bool
    here: bool = False


@dataclass(frozen=True)
class Grant:
    """since, until: aware; until is the first moment it no longer holds.

    keys: 65-byte P-256 points by key id. marks: tags of plates and cards (marks.py). uses: how often it opens; None: without
    limit. floors: where a lift may take the holder.
    """

    id: UUID
    rev: int
    holder: UUID
    ways: frozenset[Way]
    since: datetime
    until: datetime | None
    keys: Mapping[UUID, bytes]
    face: FaceRef | None
    marks: frozenset[str] = frozenset()
    uses: int | None = None
    floors: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ended:
    """The end of a grant."""

    id: UUID
    rev: int


def supersedes(rev: int, known: int | None) -> bool:
    """Whether a message of this rev changes what is known: messages come late, twice and out of order."""
    return known is None or rev > known


def _rev(said: object) -> int:
    if type(said) is not int or said < 0:
        raise BadGrant("a rev is a whole number")
    return said


def _flag(said: object) -> bool:
    if type(said) is not bool:
        raise BadGrant("a flag is true or false")
    return said


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise BadGrant("a mark is text")
    return said


def _floor(said: object) -> int:
    if type(said) is not int:
        raise BadGrant("a floor is a whole number")
    return said


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise BadGrant("a time without a zone")
    return found


def parse(message: bytes) -> Grant | Ended:
    """Read a grant or its end. Raises BadGrant: half a grant is worse than none."""
    try:
        said: dict[str, Any] = json.loads(message)  # Any: JSON from outside, checked below
        if "gone" in said:
            if not _flag(said["gone"]):
                raise BadGrant("neither gone nor a grant")
            return Ended(UUID(said["id"]), _rev(said["rev"]))
        face = said["face"]
        return Grant(
            id=UUID(said["id"]),
            rev=_rev(said["rev"]),
            holder=UUID(said["holder"]),
            ways=frozenset(Way(way) for way in said["ways"]),
            since=_aware(said["from"]),
            until=None if said["until"] is None else _aware(said["until"]),
            keys={UUID(key["id"]): encoding.decode(key["public"]) for key in said["keys"]},
            face=None
            if face is None
            else FaceRef(_rev(face["rev"]), _flag(face["strict"]), _flag(face.get("here", False))),
            marks=frozenset(_text(mark) for mark in said.get("marks", [])),
            uses=None if said.get("uses") is None else _rev(said["uses"]),
            floors=frozenset(_floor(floor) for floor in said.get("floors", [])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadGrant("not a grant") from error


def dump(grant: Grant | Ended) -> bytes:
    """The message that `parse` reads."""
    if isinstance(grant, Ended):
        return json.dumps({"id": str(grant.id), "rev": grant.rev, "gone": True}).encode()
    said = {
        "id": str(grant.id),
        "rev": grant.rev,
        "holder": str(grant.holder),
        "ways": sorted(grant.ways),
        "from": grant.since.isoformat(),
        "until": grant.until.isoformat() if grant.until else None,
        "keys": [{"id": str(key), "public": encoding.encode(public)} for key, public in grant.keys.items()],
        "face": asdict(grant.face) if grant.face else None,
        "marks": sorted(grant.marks),
        "uses": grant.uses,
        "floors": sorted(grant.floors),
    }
    return json.dumps(said).encode()
