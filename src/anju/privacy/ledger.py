"""The erasure ledger: whom and what we were asked to forget, kept outside the database and its backups.

A backup that is older than an erasure brings the rows back; the ledger takes them away again before anybody can see them
(restore.py). It holds opaque ids only. Whoever keeps it also off this host loses no erasure with the host.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from anju.installation.paths import VAR

LEDGER = VAR / "erasures" / "ledger.jsonl"
EVERYTHING = "*"


@dataclass(frozen=True)
class Entry:
    """One erasure. purpose: its code, or EVERYTHING when the person's key was destroyed. act: the withdrawal's id, if it was one."""

    subject: str
    purpose: str
    at: str
    act: str = ""


def note(subjects: Iterable[UUID], purpose: str = EVERYTHING, act: UUID | None = None) -> None:
    """Write down, durably, that this was erased for these persons. Must come before what it speaks of is destroyed."""
    now = datetime.now(UTC).isoformat()
    write([Entry(str(one), purpose, now, str(act or "")) for one in subjects])


def write(entries: Iterable[Entry]) -> None:
    """Append entries as they are."""
    lines = "".join(json.dumps(asdict(one)) + "\n" for one in entries)
    if not lines:
        return
    LEDGER.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(LEDGER, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


def entries(path: Path | None = None) -> Iterator[Entry]:
    """Everything in a ledger (this installation's), oldest first. A line that a crash cut short is passed over: what it spoke of was not destroyed yet."""
    path = path or LEDGER
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield Entry(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue
