"""QR permits: shown by a phone, signed by a key that never leaves it (docs/gate-protocol.md)."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from anju.grants import encoding

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
        r, s = int.from_bytes(self.signature[:32], "big"), int.from_bytes(self.signature[32:], "big")
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            point.verify(encode_dss_signature(r, s), _CONTEXT + self.head, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def is_public_key(public: bytes) -> bool:
    """Whether these bytes are an uncompressed point on P-256."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError:
        return False
    return len(public) == 65


def make(key: UUID, private: ec.EllipticCurvePrivateKey, at: datetime) -> str:
    """The text of a permit, as a phone makes it."""
    head = key.bytes + int(at.timestamp()).to_bytes(4, "big") + secrets.token_bytes(4)
    r, s = decode_dss_signature(private.sign(_CONTEXT + head, ec.ECDSA(SHA256())))
    return PREFIX + encoding.encode(head + r.to_bytes(32, "big") + s.to_bytes(32, "big"))


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
