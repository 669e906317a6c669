"""A message to one browser, sealed so that only it can read it (RFC 8291), and who sends it (VAPID, RFC 8292). No network."""

import secrets
import time
from dataclasses import dataclass
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.grants import encoding
from anju.installation.keyring import secret

SIZE = 1024
"""Every message is filled up to so many bytes: its length says nothing about what it is."""
_RECORD = 4096
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF_A_DAY = 12 * 3600


@dataclass(frozen=True)
class Keys:
    """What a browser gave for its messages: its public point (65 bytes, uncompressed P-256) and a shared secret of 16 bytes."""

    point: bytes
    auth: bytes

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if len(self.point) != 65 or len(self.auth) != 16:
            raise ValueError("not the keys of a push subscription")
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.point)

    def joined(self) -> bytes:
        return self.point + self.auth

    @classmethod
    def split(cls, joined: bytes) -> "Keys":
        """Raises ValueError."""
        return cls(joined[:65], joined[65:])


def seal(
    message: bytes,
    keys: Keys,
    *,
    size: int = SIZE,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """One record of `aes128gcm` (RFC 8188). sender, salt: fresh ones unless given. Raises ValueError when it does not fit."""
    if len(message) > size or size + 1 + 16 > _RECORD:
        raise ValueError("too long for a push message")
    sender, salt = sender or ec.generate_private_key(ec.SECP256R1()), salt or secrets.token_bytes(16)
    browser = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), keys.point)
    own = _point(sender)
    shared = _derive(sender.exchange(ec.ECDH(), browser), keys.auth, b"WebPush: info\0" + keys.point + own, 32)
    key = _derive(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(shared, salt, b"Content-Encoding: nonce\0", 12)
    padded = message + b"\x02" + bytes(size - len(message))
    head = salt + _RECORD.to_bytes(4) + bytes([len(own)]) + own
    return head + AESGCM(key).encrypt(nonce, padded, None)


def _derive(secret_part: bytes, salt: bytes | None, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret_part)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@cache
def _own_key() -> ec.EllipticCurvePrivateKey:
    """This installation's key towards push services, made from one of its secrets."""
    seed = _derive(secret("push"), None, b"vapid p-256", 48)
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())


def public_key() -> str:
    """What browsers tie a subscription to: nobody else can send to it."""
    return encoding.encode(_point(_own_key()))


def authorization(audience: str, contact: str | None) -> str:
    """The header for a push service at `audience` (its origin). contact: where its operators reach ours, a mailto: or https: URL."""
    claims: dict[str, str | int] = {"aud": audience, "exp": int(time.time()) + _HALF_A_DAY}
    if contact:
        claims["sub"] = contact
    return f"vapid t={jwt.encode(claims, _own_key(), algorithm='ES256')}, k={public_key()}"
