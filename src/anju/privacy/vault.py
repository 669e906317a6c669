"""A key for every person, kept outside the main database, and the only index from a phone or ID number to a person.

Deleting a key makes everything sealed under it unreadable everywhere: rows, WAL, replicas and backups. The vault is SQLite
with `secure_delete` and a truncated WAL (docs/decisions/0003-vault.md says why not PostgreSQL). Keys lie wrapped under the
master key; blind indexes are HMAC-SHA256 under a key of their own.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from anju.installation.keyring import secret
from anju.installation.paths import VAR
from anju.privacy import ledger

VERSION = b"\x01"
_CACHE = 20_000

_SCHEMA = """
create table if not exists subject (id blob primary key, key blob not null) without rowid;
create table if not exists ident (kind text, mark blob, subject blob not null, primary key (kind, mark)) without rowid;
create index if not exists ident_subject on ident (subject);
create table if not exists erasures (count integer not null);
insert into erasures select 0 where not exists (select 1 from erasures);
"""


class Erased(LookupError):
    """There is no key for this person: what was sealed under it cannot be read by anyone any more."""


class Broken(ValueError):
    """A sealed value does not belong where it was found, or was changed."""


def _derived(name: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"anju-{name}-1".encode()).derive(secret("vault-master"))


class Vault:
    """The key store at `path`. Safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._keys: dict[UUID, AESGCM] = {}
        self._erasures = -1
        self._wrap = AESGCM(_derived("wrap"))
        self._blind = _derived("blind")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(descriptor)
        with (path.parent / "creating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several processes start together, and one turns the write-ahead log on
            self._db().executescript(_SCHEMA)

    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, cached_statements=32)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")
            self._local.connection = connection
            self._local.version = -1
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; a failed write must not leave the lock behind that every other process waits for."""
        db = self._db()
        db.execute("begin immediate")
        try:
            yield db
        except BaseException:
            db.execute("rollback")
            raise
        db.execute("commit")

    def _fresh(self, db: sqlite3.Connection) -> None:
        """Forget cached keys when any process erased one. `data_version` is nearly free and changes with any write elsewhere."""
        version = db.execute("pragma data_version").fetchone()[0]
        if version != self._local.version:
            erasures = db.execute("select count from erasures").fetchone()[0]
            if erasures != self._erasures:
                self._keys.clear()
                self._erasures = erasures
            self._local.version = version

    def _key(self, subject: UUID) -> AESGCM:
        db = self._db()
        self._fresh(db)
        found = self._keys.get(subject)
        if found is None:
            row = db.execute("select key from subject where id = ?", [subject.bytes]).fetchone()
            if row is None:
                raise Erased(str(subject))
            if len(self._keys) >= _CACHE:
                self._keys.clear()
            found = self._keys[subject] = AESGCM(self._wrap.decrypt(row[0][:12], row[0][12:], subject.bytes))
        return found

    def _wrapped(self, subject: UUID) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._wrap.encrypt(nonce, AESGCM.generate_key(256), subject.bytes)

    def admit(self, *subjects: UUID) -> None:
        """Make a key for each person who has none."""
        with self._writing() as db:
            db.executemany(
                "insert into subject values (?, ?) on conflict do nothing",
                [(one.bytes, self._wrapped(one)) for one in subjects],
            )

    def knows(self, subject: UUID) -> bool:
        return self._db().execute("select 1 from subject where id = ?", [subject.bytes]).fetchone() is not None

    def seal(self, subject: UUID, place: str, value: bytes) -> bytes:
        """`value` readable only as `place` (model.field) of this person. Layout: version 1, nonce 12, AES-256-GCM."""
        nonce = secrets.token_bytes(12)
        return VERSION + nonce + self._key(subject).encrypt(nonce, value, f"{place}:{subject}".encode())

    def open(self, subject: UUID, place: str, sealed: bytes) -> bytes:
        """The value. Raises Erased when the person's key is gone and Broken when it is not theirs or not from here."""
        if sealed[:1] != VERSION:
            raise Broken("unknown version of a sealed value")
        try:
            return self._key(subject).decrypt(sealed[1:13], sealed[13:], f"{place}:{subject}".encode())
        except InvalidTag as error:
            raise Broken(f"a sealed value in {place} was changed or moved") from error

    def _mark(self, kind: str, value: str) -> bytes:
        return hmac.new(self._blind, f"{kind}:{value}".encode(), hashlib.sha256).digest()

    def find(self, kind: str, value: str) -> UUID | None:
        """Who this phone (or ID number) belongs to."""
        row = (
            self._db()
            .execute("select subject from ident where kind = ? and mark = ?", [kind, self._mark(kind, value)])
            .fetchone()
        )
        return UUID(bytes=row[0]) if row else None

    def claim(self, kind: str, value: str, subject: UUID) -> None:
        """From now on `value` leads to this person, and their former one of this kind to nobody."""
        self.claim_many([(kind, value, subject)])

    def claim_many(self, claims: Iterable[tuple[str, str, UUID]]) -> None:
        rows = [(kind, self._mark(kind, value), subject.bytes) for kind, value, subject in claims]
        with self._writing() as db:
            db.executemany(
                "delete from ident where kind = ? and subject = ?", [(kind, subject) for kind, _, subject in rows]
            )
            db.executemany(
                "insert into ident values (?, ?, ?) on conflict do update set subject = excluded.subject", rows
            )

    def release(self, kind: str, subject: UUID) -> None:
        """Nothing of this kind leads to this person any more."""
        self._db().execute("delete from ident where kind = ? and subject = ?", [kind, subject.bytes])
        self._scrub()

    def erase(self, subjects: Sequence[UUID]) -> int:
        """Destroy these persons' keys and marks, here and on disk. Returns how many keys there were."""
        ledger.note(subjects)
        gone = 0
        with self._writing() as db:
            for one in subjects:
                gone += db.execute("delete from subject where id = ?", [one.bytes]).rowcount
                db.execute("delete from ident where subject = ?", [one.bytes])
            db.execute("update erasures set count = count + 1")
        self._keys.clear()
        self._scrub()
        return gone

    def _scrub(self) -> None:
        """Empty the WAL, which still holds the pages as they were before the deletion."""
        self._db().execute("pragma wal_checkpoint(truncate)")


@cache
def vault() -> Vault:
    """This installation's vault."""
    return Vault(VAR / "vault" / "vault.db")
