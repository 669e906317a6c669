"""Plates and cards as gates know them: a keyed hash, different at each gate, so that the bus and a gate's store hold no number."""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from anju.grants import marks
from anju.installation.keyring import secret


@cache
def key(gate: UUID) -> bytes:
    """The 32 bytes that this gate's tags are made with; it receives them sealed, with its settings."""
    return HKDF(SHA256(), 32, salt=None, info=b"anju-gate-tags-1" + gate.bytes).derive(secret("gate-tags"))


def tags(gate: UUID, values: Iterable[str]) -> list[str]:
    """What this gate is told instead of these marks."""
    return [marks.tag(key(gate), one) for one in values]
