"""Invitations to enrol one's face at a gate: shown as a QR code, signed by the platform (docs/gate-protocol.md)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anju.grants import encoding

PREFIX = "ANJUE1."
LASTS = timedelta(minutes=5)
_CONTEXT = b"anju-enrol-1"
_HEAD = 24


class BadInvitation(ValueError):
    """The text is no invitation of this platform."""


@dataclass(frozen=True)
class Invitation:
    """holder: whose face. rev: which enrolment it is for, so that it serves once at each gate. until: aware."""

    holder: UUID
    rev: int
    until: datetime


def make(key: Ed25519PrivateKey, invitation: Invitation) -> str:
    """The text of the QR code."""
    until = int(invitation.until.timestamp())
    head = invitation.holder.bytes + invitation.rev.to_bytes(4, "big") + until.to_bytes(4, "big")
    return PREFIX + encoding.encode(head + key.sign(_CONTEXT + head))


def read(text: str, key: Ed25519PublicKey) -> Invitation:
    """The invitation in a QR code's text, if the platform signed it. Raises BadInvitation."""
    if not text.startswith(PREFIX) or len(text) > 200:
        raise BadInvitation("not an invitation")
    try:
        raw = encoding.decode(text.removeprefix(PREFIX))
        key.verify(raw[_HEAD:], _CONTEXT + raw[:_HEAD])
    except (ValueError, InvalidSignature) as error:
        raise BadInvitation("not an invitation") from error
    until = datetime.fromtimestamp(int.from_bytes(raw[20:24], "big"), UTC)
    return Invitation(UUID(bytes=raw[:16]), int.from_bytes(raw[16:20], "big"), until)
