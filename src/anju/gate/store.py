"""What the gate keeps: grants, templates (encrypted), entries not yet delivered. SQLite, durable at every commit."""

import json
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anju.grants import grant as grants
from anju.grants.grant import Ended, Grant
from anju.recognition.faces import DIMENSIONS, Vector

_SCHEMA = """
create table if not exists grants (id text primary key, rev integer not null, message blob not null) without rowid;
create table if not exists ended (id text primary key, rev integer not null) without rowid;
create table if not exists templates (grant_id text primary key, rev integer not null, sealed blob not null) without rowid;
create table if not exists entries (number integer primary key, id text unique not null, body blob not null);
create table if not exists facts (name text primary key, value text not null) without rowid;
"""


class Store:
    """One gate's database. Used from one thread."""

    def __init__(self, path: Path, key: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cipher = AESGCM(key)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        for pragma in ("journal_mode = wal", "synchronous = full", "secure_delete = on", "busy_timeout = 5000"):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(_SCHEMA)

    # grants

    def _known_rev(self, grant_id: UUID) -> int:
        row = self._db.execute(
            "select max(rev) from (select rev from grants where id = ?1 union all select rev from ended where id = ?1)", [str(grant_id)]
        ).fetchone()
        return int(row[0]) if row[0] is not None else -1

    def apply(self, news: Sequence[Grant | Ended], sequence: int) -> list[Grant | Ended]:
        """Take in grants and ends, durably. Returns those that were news: a lower or equal rev changes nothing."""
        taken: list[Grant | Ended] = []
        scrub = False
        self._db.execute("begin immediate")
        for one in news:
            if one.rev <= self._known_rev(one.id):
                continue
            taken.append(one)
            if isinstance(one, Ended):
                self._db.execute("delete from grants where id = ?", [str(one.id)])
                self._db.execute("insert or replace into ended values (?, ?)", [str(one.id), one.rev])
            else:
                self._db.execute("insert or replace into grants values (?, ?, ?)", [str(one.id), one.rev, grants.dump(one)])
                self._db.execute("delete from ended where id = ?", [str(one.id)])
            if isinstance(one, Ended) or one.face is None:
                scrub = bool(self._db.execute("delete from templates where grant_id = ?", [str(one.id)]).rowcount) or scrub
        if sequence > self.applied():
            self._set("applied", str(sequence))
        self._db.execute("commit")
        if scrub:  # the WAL still holds the pages as they were
            self._db.execute("pragma wal_checkpoint(truncate)")
        return taken

    def grants(self) -> list[Grant]:
        return [one for (message,) in self._db.execute("select message from grants") if isinstance(one := grants.parse(message), Grant)]

    def applied(self) -> int:
        """The last stream sequence taken in."""
        return int(self._get("applied") or 0)

    # templates

    def keep_templates(self, grant_id: UUID, rev: int, vectors: Sequence[Vector]) -> None:
        """Keep one holder's vectors, encrypted and bound to the grant."""
        nonce = secrets.token_bytes(12)
        raw = np.stack(vectors).astype("<f4").tobytes()
        sealed = nonce + self._cipher.encrypt(nonce, raw, str(grant_id).encode())
        self._db.execute("insert or replace into templates values (?, ?, ?)", [str(grant_id), rev, sealed])

    def templates(self) -> dict[UUID, tuple[int, list[Vector]]]:
        """Every holder's vectors with their rev. One that does not open is left out and fetched again."""
        found: dict[UUID, tuple[int, list[Vector]]] = {}
        for grant_id, rev, sealed in self._db.execute("select grant_id, rev, sealed from templates"):
            try:
                raw = self._cipher.decrypt(sealed[:12], sealed[12:], grant_id.encode())
            except InvalidTag:
                continue
            rows = np.frombuffer(raw, "<f4").reshape(-1, DIMENSIONS).astype(np.float32)
            found[UUID(grant_id)] = (rev, list(rows))
        return found

    # entries

    def add_entry(self, entry: dict[str, object]) -> None:
        """Store an entry before anything else happens with it."""
        self._db.execute("insert into entries (id, body) values (?, ?)", [entry["id"], json.dumps(entry).encode()])

    def waiting(self, limit: int = 100) -> list[tuple[int, str, bytes]]:
        """Entries the platform has not confirmed, the oldest first: number, id, body."""
        return list(self._db.execute("select number, id, body from entries order by number limit ?", [limit]))

    def delivered(self, numbers: Sequence[int]) -> None:
        """The bus has these safely: they need not be kept."""
        self._db.executemany("delete from entries where number = ?", [(number,) for number in numbers])

    def queued(self) -> int:
        return int(self._db.execute("select count(*) from entries").fetchone()[0])

    # facts

    def _get(self, name: str) -> str | None:
        row = self._db.execute("select value from facts where name = ?", [name]).fetchone()
        return row[0] if row else None

    def _set(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into facts values (?, ?)", [name, value])

    def clock_offset(self) -> float:
        """Seconds to add to this machine's clock, as last learnt."""
        return float(self._get("clock_offset") or 0)

    def set_clock_offset(self, seconds: float) -> None:
        self._set("clock_offset", repr(seconds))

    def close(self) -> None:
        self._db.close()
