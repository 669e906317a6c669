"""Backups that a person's erasure reaches: the database in one file a time, the keys apart in one file that is always replaced.

A database file holds ciphertext whose keys lie in the vault. Only the newest copy of the vault is kept, so a key that was
destroyed is in no backup after the next one; and what was erased since a backup is in the ledger, which a restore replays.
"""

import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from anju.installation.keyring import secret
from anju.installation.paths import KEYS, VAR
from anju.site import coffer, postgres

DATABASE, KEYS_FILE = "database-", "keys.anju"
_STAMP = "%Y%m%dT%H%M%SZ"
_PASSING = ("django_session", "anju_cache")
"""Tables whose rows nobody needs back: a restored session would sign somebody in again."""
_BESIDE = ("vault/vault.db", "erasures/ledger.jsonl", "audit/heads.jsonl", "demo.json")


class BackupError(RuntimeError):
    """It could not be written or read; the message says what to do."""


def recovery_key() -> bytes:
    """What opens this installation's backups. It must be kept off this host."""
    return secret("recovery")


def _dump_url() -> str:
    """A role that sees every row: the embedded cluster's own, or DATABASE_BACKUP_URL."""
    if not os.environ.get("DATABASE_URL"):
        return postgres.url("postgres", os.environ.get("ANJU_DATABASE", postgres.DATABASE))
    if url := os.environ.get("DATABASE_BACKUP_URL"):
        return url
    raise BackupError(
        "DATABASE_URL is set: set DATABASE_BACKUP_URL as well, for a role that bypasses row-level security"
    )


def program(name: str) -> str:
    """pg_dump or pg_restore: the embedded one, or what the system has."""
    ours = postgres.Cluster.here().binaries / name
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is missing: install postgresql-client")
    return found


def write(to: Path, keep: timedelta) -> Path:
    """Write a backup into the folder `to`, and remove database files older than `keep`. Returns the new one."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = to / f"{DATABASE}{now.strftime(_STAMP)}.anju"
    draft = path.with_suffix(".part")
    command = [program("pg_dump"), "--format=custom", "--dbname", _dump_url()]
    command += [f"--exclude-table-data={table}" for table in _PASSING]
    with draft.open("wb") as file, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
        assert dump.stdout is not None and dump.stderr is not None  # noqa: S101  they are pipes
        coffer.close(dump.stdout, file, recovery_key(), "database")
        problem = dump.stderr.read().decode()
    if dump.returncode:
        draft.unlink()
        raise BackupError(f"pg_dump failed: {problem.strip()[-400:]}")
    draft.rename(path)
    _write_keys(to)  # after the rows: whoever came meanwhile has a key in it
    for old in databases(to):
        if made_at(old) < now - keep:
            old.unlink()
    return path


def databases(folder: Path) -> list[Path]:
    """The database files in a folder, oldest first."""
    return sorted(folder.glob(f"{DATABASE}*.anju"))


def made_at(path: Path) -> datetime:
    """When a database file was written."""
    return datetime.strptime(path.stem.removeprefix(DATABASE), _STAMP).replace(tzinfo=UTC)


def _write_keys(to: Path) -> None:
    """Replace the one copy of keys, vault and ledger."""
    with tempfile.TemporaryDirectory(dir=VAR) as work:
        folder = Path(work)
        snapshot = folder / "vault.db"
        with sqlite3.connect(VAR / "vault" / "vault.db") as living, sqlite3.connect(snapshot) as copy:
            living.backup(copy)
        with tarfile.open(folder / "keys.tar", "w") as archive:
            for key in sorted(KEYS.iterdir()):
                if key.name != "recovery":  # it must not lie in what it opens
                    archive.add(key, f"keys/{key.name}")
            for name in _BESIDE:
                source = snapshot if name.endswith("vault.db") else VAR / name
                if source.exists():
                    archive.add(source, name)
        draft = to / f"{KEYS_FILE}.part"
        with (folder / "keys.tar").open("rb") as plain, draft.open("wb") as file:
            coffer.close(plain, file, recovery_key(), "keys")
        draft.rename(to / KEYS_FILE)


def unpack_keys(folder: Path, key: bytes) -> None:
    """On a new host: bring keys, vault and ledger back. Raises BackupError where there are some already."""
    if (VAR / "vault" / "vault.db").exists():
        raise BackupError(f"{VAR} has a vault of its own, which is newer than any copy: it stays")
    VAR.mkdir(mode=0o711, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VAR) as work:
        plain = Path(work) / "keys.tar"
        with (folder / KEYS_FILE).open("rb") as file, plain.open("wb") as out:
            coffer.open_(file, out, key, "keys")
        with tarfile.open(plain) as archive:
            archive.extractall(VAR, filter="data")
    recovery = KEYS / "recovery"
    recovery.write_bytes(key)
    recovery.chmod(0o600)


def bring_back(path: Path, key: bytes) -> None:
    """Put a database file in the place of the database as it is. The cluster must run and nobody else use it."""
    url = _dump_url()
    with tempfile.TemporaryFile(dir=VAR) as plain:
        with path.open("rb") as file:
            coffer.open_(file, plain, key, "database")
        plain.seek(0)
        postgres.make_anew(url)
        done = subprocess.run(
            [program("pg_restore"), "--exit-on-error", "--dbname", url], stdin=plain, capture_output=True, check=False
        )
    if done.returncode:
        raise BackupError(f"pg_restore failed: {done.stderr.decode().strip()[-400:]}")
