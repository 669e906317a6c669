"""Sealing a message for one gate: X25519, HKDF-SHA256, AES-256-GCM (docs/gate-protocol.md)."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_INFO = b"anju-templates-1"


class Unsealable(ValueError):
    """The box was not made for this key and subject, or was changed."""


def _cipher(shared: bytes, ephemeral: bytes, box: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=ephemeral + box, info=_INFO).derive(shared))


def seal(box_key: bytes, plaintext: bytes, subject: str) -> bytes:
    """Only the holder of `box_key`'s private half can open it, and only as an answer on `subject`.

    Layout: ephemeral public key 32, nonce 12, ciphertext. Raises ValueError when `box_key` is no X25519 key.
    """
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    nonce = secrets.token_bytes(12)
    cipher = _cipher(ephemeral.exchange(X25519PublicKey.from_public_bytes(box_key)), public, box_key)
    return public + nonce + cipher.encrypt(nonce, plaintext, subject.encode())


def unseal(key: X25519PrivateKey, sealed: bytes, subject: str) -> bytes:
    """The plaintext. Raises Unsealable."""
    public, nonce, ciphertext = sealed[:32], sealed[32:44], sealed[44:]
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(public))
        cipher = _cipher(shared, public, key.public_key().public_bytes_raw())
        return cipher.decrypt(nonce, ciphertext, subject.encode())
    except (InvalidTag, ValueError) as error:
        raise Unsealable("a sealed message does not open") from error
