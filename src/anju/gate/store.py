"""What the gate keeps: grants, templates (encrypted), entries not yet delivered.

SQLite, durable at every commit.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from uuid import UUID

import numpy as np
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anju.gate.reserve import Reserve
from anju.grants import grant as grants
from anju.grants.grant import Ended, Grant, supersedes
from anju.recognition.faces import DIMENSIONS, Vector

_SCHEMA = """
create table if not exists grants (id text primary key, rev integer not null, message blob not null)
    without rowid;
create table if not exists ended (id text primary key, rev integer not null) without rowid;
create table if not exists templates (grant_id text primary key, rev integer not null, sealed blob not null)
    without rowid;
create table if not exists entries (number integer primary key, id text unique not null, body blob not null);
create table if not exists permits (head blob primary key, at real not null) without rowid;
create table if not exists commands (id text primary key, answer blob not null, at real not null)
    without rowid;
create table if not exists uses (grant_id text primary key, times integer not null) without rowid;
create table if not exists facts (name text primary key, value text not null) without rowid;
"""
_EVERYTHING = """
select id, rev, template from (
  select id, rev, exists (select 1 from templates where grant_id = grants.id) as template from grants
  union all select grant_id, 0, 1 from templates where grant_id not in (select id from grants)
)
"""
log = structlog.get_logger()
_KEEP_SECONDS = 600
"""How long used permits and obeyed commands are remembered: both are worthless long before."""


@dataclass(frozen=True)
class Waiting:
    """An entry on its way into the table. number: below zero, apart from the table's own. permit: used with it, head and Unix
    time. counted: the grant that is used once more."""

    number: int
    id: str
    body: bytes
    permit: tuple[bytes, float] | None
    counted: UUID | None


class Store:
    """One gate's database. Used from one thread.

    On a full disk what happened at the door is not forgotten: a file that was put there for this makes room, and when that is
    used up as well entries are kept in memory until they are sent or there is room again.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        """key: 32 bytes; encrypts the templates."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cipher = AESGCM(key)
        self._reserve = Reserve(path.with_name("reserve"))
        self._made_room = False
        self._numbers = count(1)
        self._in_hand: list[Waiting] = []
        self._unwritten: list[Waiting] = []
        self._sent: set[int] = set()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        for pragma in (
            "journal_mode = wal",
            "synchronous = full",
            "secure_delete = on",
            "busy_timeout = 5000",
        ):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside becomes durable together, with one flush of the disk; inside another it joins that."""
        if self._db.in_transaction:
            yield
            return
        self._in_hand = []
        try:
            self._db.execute("begin immediate")
            yield
            self._db.execute("commit")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            self._unwritten += self._in_hand  # what happened at the door is not undone
            if isinstance(error, sqlite3.OperationalError):
                self._made_room = self._reserve.release()
                if self._made_room:
                    log.error("store_cannot_write", error=str(error))
            raise
        finally:
            self._in_hand = []

    def _scrub(self) -> None:
        """Deleted pages are overwritten in the file; the write-ahead log still holds them as they were."""
        self._db.execute("pragma wal_checkpoint(truncate)")

    def serve(self, gate: str, registration: str) -> None:
        """Say which gate this is now. Whatever an earlier registration taught is nobody's right any more.

        registration: differs between any two. Entries wait on, unless they are another gate's.
        """
        if self._get("registration") == registration:
            return
        with self.transaction():
            for table in ("grants", "ended", "templates", "commands", "uses"):
                self._db.execute(f"delete from {table}")  # noqa: S608  names of ours
            if self._get("gate") not in (None, gate):
                self._db.execute("delete from entries")
            self._db.execute("delete from facts where name in ('settings', 'mode', 'alarms')")
            for name, value in (("applied", "0"), ("gate", gate), ("registration", registration)):
                self._set(name, value)
        self._scrub()

    # grants

    def _known_rev(self, grant_id: UUID) -> int | None:
        both = "select rev from grants where id = ?1 union all select rev from ended where id = ?1"
        row = self._db.execute(f"select max(rev) from ({both})", [str(grant_id)]).fetchone()  # noqa: S608
        rev: int | None = row[0]
        return rev

    def apply(self, news: Sequence[Grant | Ended], sequence: int) -> list[Grant | Ended]:
        """Take in grants and ends, durably.

        Returns those that were news: a lower or equal rev changes nothing.
        """
        taken: list[Grant | Ended] = []
        erased = 0
        with self.transaction():
            for one in news:
                if not supersedes(one.rev, self._known_rev(one.id)):
                    continue
                taken.append(one)
                name = str(one.id)
                if isinstance(one, Ended):
                    for table, column in (("grants", "id"), ("uses", "grant_id")):
                        self._db.execute(f"delete from {table} where {column} = ?", [name])  # noqa: S608  as above
                    self._db.execute("insert or replace into ended values (?, ?)", [name, one.rev])
                else:
                    self._db.execute(
                        "insert or replace into grants values (?, ?, ?)", [name, one.rev, grants.dump(one)]
                    )
                    self._db.execute("delete from ended where id = ?", [name])
                if isinstance(one, Ended) or one.face is None:
                    erased += self._db.execute("delete from templates where grant_id = ?", [name]).rowcount
            if sequence > self.applied():
                self._set("applied", str(sequence))
        if erased:
            self._scrub()
        return taken

    def grants(self) -> list[Grant]:
        """Everybody who may come in."""
        rows = self._db.execute("select message from grants")
        return [one for (message,) in rows if isinstance(one := grants.parse(message), Grant)]

    def applied(self) -> int:
        """The last stream sequence taken in."""
        return int(self._get("applied") or 0)

    def rewind(self, sequence: int) -> None:
        """The stream has sent no more than this so far: if we are beyond it, it was made anew."""
        if sequence < self.applied():
            self._set("applied", str(sequence))

    # templates

    def keep_templates(self, new: Sequence[tuple[UUID, int, Sequence[Vector]]]) -> None:
        """Keep holders' vectors (grant, rev, vectors), each encrypted and bound to its grant."""
        with self.transaction():
            for grant_id, rev, vectors in new:
                nonce = secrets.token_bytes(12)
                raw = np.stack(vectors).astype("<f4").tobytes()
                sealed = nonce + self._cipher.encrypt(nonce, raw, str(grant_id).encode())
                self._db.execute("insert or replace into templates values (?, ?, ?)", [str(grant_id), rev, sealed])
        self._scrub()

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

    # what lies here, for whoever must be able to rely on it

    def inventory(self, only: Sequence[str] | None, after: str, limit: int) -> list[tuple[str, int, bool]]:
        """Grants and templates as they lie in the tables: grant, rev (0: a template without its grant), has a template.

        only: these grants; None: all, from the one that follows `after`.
        """
        if only is None:
            rows = self._db.execute(f"{_EVERYTHING} where id > ? order by id limit ?", [after, limit])
        else:
            marks = ",".join("?" * len(only))
            rows = self._db.execute(f"{_EVERYTHING} where id in ({marks}) order by id", list(only))
        return [(str(name), int(rev), bool(template)) for name, rev, template in rows]

    def totals(self) -> tuple[int, int]:
        """How many grants and templates lie here."""
        grants, templates = self._db.execute(
            "select (select count(*) from grants), (select count(*) from templates)"
        ).fetchone()
        return int(grants), int(templates)

    # entries

    def add_entry(
        self, entry: dict[str, object], permit: tuple[bytes, float] | None = None, counted: UUID | None = None
    ) -> None:
        """Store what happened; with it, that a permit (head, Unix time) has been used, and a grant once more."""
        one = Waiting(-next(self._numbers), str(entry["id"]), json.dumps(entry).encode(), permit, counted)
        try:
            with self.transaction():
                self._in_hand.append(one)
                self._write(one)
        except sqlite3.OperationalError:
            if one not in self._unwritten:
                self._unwritten.append(one)
            if self._made_room and not self._db.in_transaction:
                self.settle()

    def _write(self, one: Waiting) -> None:
        permit, counted = one.permit, one.counted
        with self.transaction():
            self._db.execute("insert or ignore into entries (id, body) values (?, ?)", [one.id, one.body])
            if permit is not None:
                self._db.execute("insert or ignore into permits values (?, ?)", permit)
                self._db.execute("delete from permits where at < ?", [permit[1] - _KEEP_SECONDS])

            if counted is not None:
                self._db.execute(
                    "insert into uses values (?, 1) on conflict (grant_id) do update set times = times + 1",
                    [str(counted)],
                )

    def settle(self) -> bool:
        """Write what could not be written before. Returns whether nothing is left."""
        with suppress(sqlite3.OperationalError):
            with self.transaction():
                for one in self._unwritten:
                    self._write(one)
            self._unwritten = []
        return not self._unwritten

    @property
    def health(self) -> str:
        """ok, short (it lives on its reserve) or full (entries are in memory only)."""
        if self._unwritten:
            return "full"
        return "ok" if self._reserve.kept() else "short"

    def uses(self) -> dict[UUID, int]:
        """How often grants that are counted have opened this gate."""
        return {UUID(grant): times for grant, times in self._db.execute("select grant_id, times from uses")}

    def waiting(self, limit: int) -> list[tuple[int, str, bytes]]:
        """Entries the platform has not confirmed, the oldest first: number, id, body."""
        rows = self._db.execute(
            "select number, id, body from entries order by number limit ?", [limit + len(self._sent)]
        )
        stored = [row for row in rows if row[0] not in self._sent]
        in_memory = [(one.number, one.id, one.body) for one in self._unwritten]
        return [*stored, *in_memory][:limit]

    def delivered(self, numbers: Sequence[int]) -> None:
        """The bus has these safely: they need not be kept."""
        self._unwritten = [one for one in self._unwritten if one.number not in numbers]
        gone = self._sent | {number for number in numbers if number > 0}
        self._sent = gone  # on a full disk they stay, and are sent no more
        with suppress(sqlite3.OperationalError):
            with self.transaction():
                self._db.executemany("delete from entries where number = ?", [[number] for number in gone])
            self._sent = set()

    def queued(self) -> int:
        """How many entries wait."""
        stored = int(self._db.execute("select count(*) from entries").fetchone()[0])
        return stored - len(self._sent) + len(self._unwritten)

    def used_permits(self) -> dict[bytes, float]:
        """Heads of the permits used lately, with their times."""
        return dict(self._db.execute("select head, at from permits"))

    # commands

    def answer_to(self, command: str) -> bytes | None:
        """What was answered to a command obeyed before."""
        row = self._db.execute("select answer from commands where id = ?", [command]).fetchone()
        return bytes(row[0]) if row else None

    def obeyed(self, command: str, answer: bytes, at: datetime) -> None:
        """Remember the answer, so that the same command does nothing twice."""
        with self.transaction():
            self._db.execute("insert or replace into commands values (?, ?, ?)", [command, answer, at.timestamp()])
            self._db.execute("delete from commands where at < ?", [at.timestamp() - _KEEP_SECONDS])

    # facts

    def _get(self, name: str) -> str | None:
        row = self._db.execute("select value from facts where name = ?", [name]).fetchone()
        return row[0] if row else None

    def _set(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into facts values (?, ?)", [name, value])

    def settings(self) -> bytes | None:
        """What the platform has set this gate to, encrypted here: it holds a key."""
        found = self._get("settings")
        if found is None:
            return None
        sealed = bytes.fromhex(found)
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], b"settings")
        except InvalidTag:
            return None  # asked for again at the next connection

    def keep_settings(self, said: bytes) -> None:
        nonce = secrets.token_bytes(12)
        self._set("settings", (nonce + self._cipher.encrypt(nonce, said, b"settings")).hex())

    def mode(self) -> str | None:
        """How the gate was last ordered to be run, as it was kept."""
        return self._get("mode")

    def keep_mode(self, said: str) -> None:
        self._set("mode", said)

    def alarms(self) -> list[str]:
        """What alarms were on when they were last kept."""
        found: list[str] = json.loads(self._get("alarms") or "[]")
        return found

    def keep_alarms(self, on: Sequence[str]) -> None:
        self._set("alarms", json.dumps(list(on)))

    def clock_offset(self) -> float:
        """Seconds to add to this machine's clock, as last learnt."""
        return float(self._get("clock_offset") or 0)

    def clock_known(self) -> datetime | None:
        """The platform's time when it was last asked."""
        known = self._get("clock_known")
        return datetime.fromisoformat(known) if known else None

    def set_clock(self, known: datetime, offset: float) -> None:
        """Remember the platform's time and how many seconds it is ahead of this machine's."""
        with self.transaction():
            self._set("clock_known", known.isoformat())
            self._set("clock_offset", repr(offset))

    def close(self) -> None:
        self._db.close()
