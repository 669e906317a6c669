"""The platform's own secrets: made once, kept in var/keys with mode 0600, never in the repository or a log."""

import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from anju.installation.paths import KEYS


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    # Two processes that start together must end up with the same secret, and none may read half of one.
    with suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()


@cache
def secret(name: str, size: int = 32) -> bytes:
    """The secret called `name`: `size` random bytes, made at first use."""
    path = KEYS / name
    if not path.exists():
        _write(path, secrets.token_bytes(size))
    return path.read_bytes()


def password(name: str) -> str:
    """The secret `name` as hexadecimal text, for programs that want a password."""
    return secret(name, 24).hex()
