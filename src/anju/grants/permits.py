"""QR permits: shown by a phone, signed by a key that never leaves it (docs/gate-protocol.md)."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from anju.grants import encoding, phone_keys

PREFIX = "ANJU1."
TOLERANCE = timedelta(seconds=30)
_CONTEXT = b"anju-qr-1"
_HEAD = 24


class BadPermit(ValueError):
    """The text is not a permit."""


@dataclass(frozen=True)
class Permit:
    """A permit as read: not yet verified. nonce: 4 bytes; signature: r then s, 64 bytes."""

    key: UUID
    at: datetime
    nonce: bytes
    signature: bytes

    @property
    def head(self) -> bytes:
        """The signed bytes, without their context.

        What a replay is known by: a signature can be rewritten.
        """
        return self.key.bytes + int(self.at.timestamp()).to_bytes(4, "big") + self.nonce

    def verify(self, public: bytes) -> bool:
        """Whether this key (65-byte P-256 point) signed it."""
        return phone_keys.verify(public, _CONTEXT + self.head, self.signature)


def make(key: UUID, private: ec.EllipticCurvePrivateKey, at: datetime) -> str:
    """The text of a permit, as a phone makes it."""
    head = key.bytes + int(at.timestamp()).to_bytes(4, "big") + secrets.token_bytes(4)
    return PREFIX + encoding.encode(head + phone_keys.sign(private, _CONTEXT + head))


def read(text: str) -> Permit:
    """The permit in a QR code's text. Raises BadPermit."""
    if not text.startswith(PREFIX) or len(text) > 200:
        raise BadPermit("not a permit")
    try:
        raw = encoding.decode(text.removeprefix(PREFIX))
    except ValueError as error:
        raise BadPermit("not a permit") from error
    if len(raw) != _HEAD + 64:
        raise BadPermit("not a permit")
    at = datetime.fromtimestamp(int.from_bytes(raw[16:20], "big"), UTC)
    return Permit(UUID(bytes=raw[:16]), at, raw[20:24], raw[24:])


class Replays:
    """Remembers the permits shown lately, so that each opens once.

    Older ones are refused as expired anyway.
    """

    def __init__(self, seen: dict[bytes, float] | None = None) -> None:
        """seen: heads and their Unix times, from before a restart."""
        self._seen = dict(seen or {})

    def first(self, permit: Permit, now: datetime) -> bool:
        """Note this permit. Returns whether it is new."""
        limit = now.timestamp() - 2 * TOLERANCE.total_seconds()
        if len(self._seen) > 1000:
            self._seen = {head: at for head, at in self._seen.items() if at > limit}
        if permit.head in self._seen:
            return False
        self._seen[permit.head] = permit.at.timestamp()
        return True
