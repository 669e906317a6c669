"""Permits for opening a gate one stands before: signed by the platform, bound to a phone's key, used with a gate's challenge.

The platform need not be there: the phone fetched its permit earlier. docs/gate-protocol.md has the bytes.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anju.grants import encoding

PREFIX = "ANJUP1."
CHALLENGE_SECONDS = 30.0
MOST_CHALLENGES = 4096
MOST_OF_ONE = 8
"""Challenges that may be out at a time, in all and for one phone; with one more the oldest is forgotten."""
MOST_TEXT = 40_000
"""Letters; a permit names every gate it is for."""
_PERMIT = b"anju-permit-1"
_ANSWER = b"anju-nearby-1"


class BadNearbyPermit(ValueError):
    """The text is no permit of this platform."""


@dataclass(frozen=True)
class NearbyPermit:
    """key: the phone's, by id. public: its 65-byte P-256 point. gates: where it may be used. since, until: aware."""

    id: UUID
    key: UUID
    public: bytes
    gates: frozenset[UUID]
    since: datetime
    until: datetime


def make(platform: Ed25519PrivateKey, permit: NearbyPermit) -> str:
    """The text that the phone keeps."""
    said = {
        "id": str(permit.id),
        "key": str(permit.key),
        "public": encoding.encode(permit.public),
        "gates": sorted(str(gate) for gate in permit.gates),
        "from": permit.since.isoformat(),
        "until": permit.until.isoformat(),
    }
    body = json.dumps(said, separators=(",", ":")).encode()
    return f"{PREFIX}{encoding.encode(body)}.{encoding.encode(platform.sign(_PERMIT + body))}"


def read(text: str, platform: Ed25519PublicKey) -> NearbyPermit:
    """The permit, if the platform signed it. Raises BadNearbyPermit."""
    body, dot, signature = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or not dot or len(text) > MOST_TEXT:
        raise BadNearbyPermit("not a permit")
    try:
        raw = encoding.decode(body)
        platform.verify(encoding.decode(signature), _PERMIT + raw)
        said: dict[str, Any] = json.loads(raw)  # Any: JSON, signed by the platform
        permit = NearbyPermit(
            id=UUID(said["id"]),
            key=UUID(said["key"]),
            public=encoding.decode(said["public"]),
            gates=frozenset(UUID(gate) for gate in said["gates"]),
            since=datetime.fromisoformat(said["from"]),
            until=datetime.fromisoformat(said["until"]),
        )
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise BadNearbyPermit("not a permit") from error
    if permit.since.tzinfo is None or permit.until.tzinfo is None:
        raise BadNearbyPermit("a time without a zone")
    return permit


def question(gate: UUID, challenge: bytes, permit: str) -> bytes:
    """What the phone signs: this gate, this challenge, this permit, so that an answer is worth nothing elsewhere or again."""
    return _ANSWER + gate.bytes + challenge + hashlib.sha256(permit.encode()).digest()


class Challenges:
    """Questions that a gate has asked and that may still be answered, each once. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._out: dict[bytes, tuple[float, str]] = {}

    def ask(self, now: float, phone: str) -> bytes:
        """A fresh challenge, 32 bytes. phone: where it is asked from, so that one cannot push out the others'."""
        mine = [one for one, (_until, whose) in self._out.items() if whose == phone]
        for old in mine[: len(mine) + 1 - MOST_OF_ONE]:
            del self._out[old]
        while len(self._out) >= MOST_CHALLENGES:
            del self._out[next(iter(self._out))]
        made = secrets.token_bytes(32)
        self._out[made] = now + CHALLENGE_SECONDS, phone
        return made

    def take(self, challenge: bytes, now: float) -> bool:
        """Whether it was asked lately and not answered yet; from now on it is."""
        until, _phone = self._out.pop(challenge, (float("-inf"), ""))
        return now <= until
