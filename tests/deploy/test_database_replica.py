"""A primary that dies: what it had confirmed is on its replica, which takes over."""

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from anju.site.postgres import Cluster
from anju.site.tour.scratch import free_port

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = replica
max_wal_senders = 4
synchronous_commit = remote_apply
"""


class Server:
    """One PostgreSQL data directory on a port of its own, with Anju's own binaries."""

    def __init__(self, home: Path, name: str) -> None:
        here = Cluster.here()
        self.binaries, self.user = here.binaries, here.user
        self.data = home / name
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments], user=self.user, group=self.user, cwd="/", capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def create(self) -> None:
        self.run(
            "initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS)
        with (self.data / "pg_hba.conf").open("a") as file:
            file.write("host replication postgres 127.0.0.1/32 trust\n")

    def follow(self, primary: "Server", name: str) -> None:
        """Copy the primary and stream from it from now on."""
        address = f"host=127.0.0.1 port={primary.port} user=postgres application_name={name}"
        self.run("pg_basebackup", "-D", str(self.data), "-d", address, "-R", "-X", "stream", "-c", "fast")

    def start(self, *options: str) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-c", f"port={self.port}", *options]
        self._process = subprocess.Popen(
            command, user=self.user, group=self.user, extra_groups=[], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )  # fmt: skip
        until = time.monotonic() + 20
        while True:
            try:
                with self.connect():
                    return
            except psycopg.OperationalError:
                assert time.monotonic() < until, "PostgreSQL does not answer"
                time.sleep(0.05)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=3", autocommit=True
        )

    def kill(self) -> None:
        """kill -9, and whatever it forked goes with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """A primary with one synchronous replica."""
    home = Path(tempfile.mkdtemp(prefix="anju-replica-"))
    primary, replica = Server(home, "primary"), Server(home, "replica")
    if primary.user:
        shutil.chown(home, primary.user, primary.user)
    primary.create()
    primary.start()
    replica.follow(primary, "replica")
    replica.start()
    with primary.connect() as connection:
        connection.execute("alter system set synchronous_standby_names = 'replica'")
        connection.execute("select pg_reload_conf()")
        until = time.monotonic() + 20
        while connection.execute("select sync_state from pg_stat_replication").fetchone() != ("sync",):
            assert time.monotonic() < until, "the replica does not follow"
            time.sleep(0.05)
    yield primary, replica
    for one in (primary, replica):
        one.kill()
    shutil.rmtree(home)


def test_what_was_confirmed_is_there_after_the_primary_died(servers: tuple[Server, Server]) -> None:
    primary, replica = servers
    with primary.connect() as connection:
        connection.execute("create table entry (id int primary key)")
    confirmed: list[int] = []

    def write() -> None:
        try:
            with primary.connect() as connection:
                for number in range(1_000_000):
                    connection.execute("insert into entry values (%s)", [number])
                    confirmed.append(number)
        except psycopg.OperationalError:
            return

    writing = threading.Thread(target=write)
    writing.start()
    while len(confirmed) < 200:
        time.sleep(0.01)
    primary.kill()
    writing.join()
    with replica.connect() as connection:
        assert connection.execute("select pg_promote(true, 20)").fetchone() == (True,)
        there = {number for (number,) in connection.execute("select id from entry").fetchall()}
        assert set(confirmed) <= there
        assert len(there) <= len(confirmed) + 1  # at most the one whose confirmation was on its way
        connection.execute("alter system reset synchronous_standby_names")
        connection.execute("select pg_reload_conf()")
        connection.execute("set synchronous_commit = local")
        connection.execute("insert into entry values (-1)")


def test_without_its_replica_the_primary_confirms_nothing(servers: tuple[Server, Server]) -> None:
    """The price of losing nothing: deploy/postgres.md says how to go on alone on purpose."""
    primary, replica = servers
    with primary.connect() as connection:
        connection.execute("create table entry (id int primary key)")
        replica.kill()
        with pytest.raises(TimeoutError):
            _within(2, primary)
        connection.execute("alter system set synchronous_standby_names = ''")
        connection.execute("select pg_reload_conf()")
        connection.execute("insert into entry values (2)")


def _within(seconds: float, server: Server) -> None:
    """Insert, and give up waiting after so long. Raises TimeoutError."""
    done = threading.Event()

    def insert() -> None:
        with server.connect() as connection:
            connection.execute("insert into entry values (1)")
            done.set()

    threading.Thread(target=insert, daemon=True).start()
    if not done.wait(seconds):
        raise TimeoutError
