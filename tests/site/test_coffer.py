"""A backup file opens with its key, whole, or not at all."""

import io
import secrets

import pytest

from anju.site import coffer

KEY = secrets.token_bytes(32)


def closed(content: bytes, kind: str = "database") -> bytes:
    out = io.BytesIO()
    coffer.close(io.BytesIO(content), out, KEY, kind)
    return out.getvalue()


def opened(content: bytes, key: bytes = KEY, kind: str = "database") -> bytes:
    out = io.BytesIO()
    coffer.open_(io.BytesIO(content), out, key, kind)
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, coffer.PIECE - 1, coffer.PIECE, coffer.PIECE + 1, 3 * coffer.PIECE])
def test_what_was_closed_opens_again(size: int) -> None:
    content = secrets.token_bytes(size)
    assert opened(closed(content)) == content


def test_another_key_or_another_kind_does_not_open_it() -> None:
    file = closed(b"rows")
    with pytest.raises(coffer.Sealed):
        opened(file, secrets.token_bytes(32))
    with pytest.raises(coffer.Sealed):
        opened(file, kind="keys")


def test_a_file_cut_at_a_piece_does_not_open() -> None:
    file = closed(secrets.token_bytes(2 * coffer.PIECE + 5))
    cut = file[: len(coffer.MAGIC) + 16 + 2 * (coffer.PIECE + 16)]
    with pytest.raises(coffer.Sealed):
        opened(cut)


def test_one_changed_byte_is_noticed() -> None:
    file = bytearray(closed(b"rows of somebody"))
    file[-20] ^= 1
    with pytest.raises(coffer.Sealed):
        opened(bytes(file))
