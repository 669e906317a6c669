"""Files that only the recovery key opens: AES-256-GCM in pieces, so that a dump of any size passes through.

Layout: magic, salt 16; then pieces of 1 MiB plus tag, each under a nonce of its number, the last one marked as the last: a file
cut short or with pieces moved does not open.
"""

import secrets
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"ANJU-COFFER-1\n"
PIECE = 2**20
_TAG = 16


class Sealed(ValueError):
    """The file does not open: another recovery key, or it was changed or cut short."""


def _cipher(key: bytes, salt: bytes, kind: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=f"anju-coffer-{kind}".encode()).derive(key))


def _pieces(source: IO[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of a stream, each with whether it is the last."""
    piece = _read(source, size)
    while True:
        following = _read(source, size)
        yield piece, not following
        if not following:
            return
        piece = following


def _read(source: IO[bytes], size: int) -> bytes:
    """`size` bytes, fewer only at the end: a pipe gives what it has."""
    found = b""
    while len(found) < size and (more := source.read(size - len(found))):
        found += more
    return found


def close(source: IO[bytes], target: IO[bytes], key: bytes, kind: str) -> None:
    """Encrypt all of `source` into `target`."""
    salt = secrets.token_bytes(16)
    cipher = _cipher(key, salt, kind)
    target.write(MAGIC + salt)
    for number, (piece, last) in enumerate(_pieces(source, PIECE)):
        target.write(cipher.encrypt(number.to_bytes(12, "big"), piece, b"last" if last else b"more"))


def open_(source: IO[bytes], target: IO[bytes], key: bytes, kind: str) -> None:
    """Decrypt all of `source` into `target`. Raises Sealed."""
    head = source.read(len(MAGIC) + 16)
    if not head.startswith(MAGIC):
        raise Sealed("this is no backup of Anju")
    cipher = _cipher(key, head[len(MAGIC) :], kind)
    for number, (piece, last) in enumerate(_pieces(source, PIECE + _TAG)):
        try:
            target.write(cipher.decrypt(number.to_bytes(12, "big"), piece, b"last" if last else b"more"))
        except InvalidTag as error:
            raise Sealed("it was made with another recovery key, or is damaged") from error
