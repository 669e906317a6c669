"""./anju check: how every part is, and what to do when one is ill."""

import argparse
import shutil
from typing import LiteralString

import psycopg

from anju.installation.paths import RUN, VAR
from anju.site import parts as all_of
from anju.site import postgres
from anju.site.report import Bar, Figure, Report, yes

GIGABYTE = 1024**3
MOST_LATE = 100


def _part(part: all_of.Part) -> Figure:
    ill = part.well()
    return yes(ill is None, ill or "")


def _disk() -> Figure:
    free = shutil.disk_usage(VAR if VAR.exists() else VAR.parent).free / GIGABYTE
    return Figure(
        free, "GB free", 1, Bar.AT_LEAST, "" if free >= 1 else "free some space: the database stops when it is full"
    )


_OPEN_TABLES = """
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity)
and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'community_id')
"""
_LATE_JOBS = """
select count(*) from procrastinate_jobs
where status = 'todo' and coalesce(scheduled_at, now()) < now() - interval '5 minutes'
"""


def _count(connection: "psycopg.Connection[tuple[int]]", statement: LiteralString) -> int:
    return sum(row[0] for row in connection.execute(statement))


def _database() -> dict[str, Figure]:
    """What only the database knows. Asked as the owner, who alone sees every table's settings."""
    try:
        with psycopg.connect(postgres.owner_url(), connect_timeout=3) as connection:
            unprotected, late = _count(connection, _OPEN_TABLES), _count(connection, _LATE_JOBS)
    except (psycopg.Error, postgres.ClusterError) as error:
        return {
            "database": yes(
                False, f"cannot be asked ({type(error).__name__}): see var/log/postgres.log, or DATABASE_OWNER_URL"
            )
        }
    again = "run ./anju up once: it writes the policies anew" if unprotected else ""
    slow = "is the worker well? see var/log/worker.log" if late > MOST_LATE else ""
    return {
        "tables not isolated": Figure(unprotected, "tables", 0, note=again),
        "jobs waiting": Figure(late, "jobs", MOST_LATE, note=slow),
    }


def main(arguments: list[str]) -> int:
    """Ask every part. Returns 0 when all are well."""
    parser = argparse.ArgumentParser(prog="anju check", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    chosen = parser.parse_args(arguments)
    report = Report(quiet=chosen.json)
    if not RUN.exists():
        report.add("running", yes(False, "nothing has been started here yet: run ./anju up"))
        return report.finish(as_json=chosen.json)
    for part in all_of.all_parts(all_of.host(), gate=(VAR / "gate" / "registration.json").exists()):
        report.add(part.name, _part(part))
    report.add("disk", _disk())
    for name, figure in _database().items():
        report.add(name, figure)
    return report.finish(as_json=chosen.json)
