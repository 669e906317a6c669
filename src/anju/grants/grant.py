"""A grant: somebody's right to come in at one gate, as the platform tells it (docs/gate-protocol.md)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Way(StrEnum):
    """How somebody asks to be let in."""

    FACE = "face"
    QR = "qr"
    REMOTE = "remote"


class BadGrant(ValueError):
    """The message is no grant."""


@dataclass(frozen=True)
class FaceRef:
    """Which enrolment of the holder's face counts. strict: somebody in the community looks alike."""

    rev: int
    strict: bool


@dataclass(frozen=True)
class Grant:
    """keys: phone keys (65-byte P-256 points) by id."""

    id: UUID
    rev: int
    holder: UUID
    ways: frozenset[Way]
    since: datetime
    until: datetime | None
    keys: Mapping[UUID, bytes]
    face: FaceRef | None


@dataclass(frozen=True)
class Ended:
    """The end of a grant."""

    id: UUID
    rev: int


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise BadGrant("a time without a zone")
    return found


def parse(message: bytes) -> Grant | Ended:
    """Read a grant or its end. Raises BadGrant."""
    try:
        said: dict[str, Any] = json.loads(message)
        if said.get("gone"):
            return Ended(UUID(said["id"]), int(said["rev"]))
        face = said["face"]
        return Grant(
            id=UUID(said["id"]),
            rev=int(said["rev"]),
            holder=UUID(said["holder"]),
            ways=frozenset(Way(way) for way in said["ways"]),
            since=_aware(said["from"]),
            until=_aware(said["until"]) if said["until"] else None,
            keys={UUID(key["id"]): _bytes(key["public"]) for key in said["keys"]},
            face=FaceRef(int(face["rev"]), bool(face["strict"])) if face else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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
        "keys": [{"id": str(key), "public": _text(public)} for key, public in grant.keys.items()],
        "face": {"rev": grant.face.rev, "strict": grant.face.strict} if grant.face else None,
    }
    return json.dumps(said).encode()
