"""A pytest plugin (`-p tests.services`): a PostgreSQL and a NATS server for this run alone, shared by all its workers.

It stands outside conftest.py because Django reads its settings, and with them these addresses, before any conftest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

REPO = Path(__file__).resolve().parents[1]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEMPLATE = "anju_template"

if "PYTEST_XDIST_WORKER" not in os.environ:
    _home = Path(tempfile.mkdtemp(prefix="anju-test-"))
    _home.chmod(0o711)  # PostgreSQL runs as a user of its own when we are root
    os.environ["ANJU_VAR"] = str(_home)
    os.environ.pop("DATABASE_URL", None)
os.environ["ANJU_DATABASE"] = f"test_{WORKER}"
sys.path.insert(0, str(REPO / "src"))

from anju.installation.paths import LOGS, VAR  # noqa: E402
from anju.site import parts, postgres  # noqa: E402
from anju.site.prove import detectors  # noqa: E402
from anju.site.supervisor import Supervisor  # noqa: E402

_supervisor: list[Supervisor] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start both servers and migrate one database that the workers' databases are copies of."""
    if WORKER != "main" or config.getoption("collectonly"):
        return
    supervisor = Supervisor(lambda line: sys.stderr.write(line + "\n"))
    _supervisor.append(supervisor)
    cluster = postgres.Cluster.here()
    cluster.create()
    with (cluster.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\nfull_page_writes = off\n")  # nothing here outlives the run
    by_name = {part.name: part for part in parts.all_parts("localhost", gate=False)}
    supervisor.start(by_name["postgres"], ready=cluster.wait)
    supervisor.start(by_name["nats"])
    cluster.prepare(TEMPLATE)
    environment = {**parts.environment(), "ANJU_DATABASE": TEMPLATE}
    subprocess.run([sys.executable, "-m", "anju.site.tables"], env=environment, check=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whatever the tests typed, none of it may stand in a server's log."""
    if WORKER == "main" and (found := detectors.in_files(path for path in LOGS.rglob("*") if path.is_file())):
        sys.stderr.write(f"\npersonal values in logs: {found}\n")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop both and leave nothing behind."""
    del config
    for supervisor in _supervisor:
        supervisor.stop()
    if WORKER == "main":
        shutil.rmtree(VAR, ignore_errors=True)


def make_database() -> str:
    """This worker's own database: a copy of the migrated one. Returns its name."""
    name = os.environ["ANJU_DATABASE"]
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template {TEMPLATE} owner {postgres.OWNER}')
        connection.execute(f'revoke connect on database "{name}" from public')
        connection.execute(f'grant connect on database "{name}" to {postgres.APP}')
    return name
