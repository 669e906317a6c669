"""What proves to a gate that a message came from the platform and was meant for this subject."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anju.grants import encoding

HEADER = "Anju-Signature"


def _signed(subject: str, payload: bytes) -> bytes:
    return subject.encode() + b"\n" + payload


def sign(key: Ed25519PrivateKey, subject: str, payload: bytes) -> str:
    """The value of the header: base64url of the Ed25519 signature."""
    return encoding.encode(key.sign(_signed(subject, payload)))


def verify(key: Ed25519PublicKey, subject: str, payload: bytes, signature: str | None) -> bool:
    """Whether `signature` is the platform's over this subject and payload."""
    try:
        key.verify(encoding.decode(signature or ""), _signed(subject, payload))
    except (InvalidSignature, ValueError):
        return False
    return True
