"""A signed-in read with privacy on, against the same read on bare Django and ninja, in turns on the same database."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from anju.installation.paths import BIN, REPO
from anju.site.report import Bar, Figure, Report
from anju.site.tour import scratch
from anju.site.tour.scratch import free_port
from benchmarks.figures import percentile
from benchmarks.load import load
from benchmarks.serving import serving

MESSAGES = 20
SECONDS = 3.0
ROUNDS = 5
_PREPARE = """
import django; django.setup()
import sys
from django.test import Client
from anju.notices.models import Notice
from anju.people.models import PHONE, Person
from anju.privacy import scope
from anju.privacy.vault import vault
person = Person.objects.get(pk=vault().find(PHONE, sys.argv[1]))
with scope.person(person.pk):
    for number in range(int(sys.argv[2])):
        Notice.objects.create(person=person, kind="home", title=f"标题 {number}", body="正文" * 20)
client = Client()
client.force_login(person)
print("anju_session=" + client.cookies["anju_session"].value)
"""


def _python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]


@contextmanager
def _bare(environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The floor, served by the same server with the same settings: port and cookie."""
    port = free_port()
    cookie = _python(environment, "-m", "benchmarks.bare.fill", str(MESSAGES))
    command = [
        str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2",
        "--blocking-threads", "8", "--backpressure", "64", "--no-ws", "--log-level", "error", "benchmarks.bare.wsgi:application",
    ]  # fmt: skip
    with serving(command, environment, f"http://127.0.0.1:{port}/api/v1/notices"):
        yield port, cookie


def _floor(url: str) -> float:
    """The statements alone, one connection, prepared: reads a second."""
    with psycopg.connect(url, autocommit=True) as connection:
        person = connection.execute("select person_id from bare_notice limit 1").fetchone()
        assert person is not None
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 2:
            connection.execute("select 1 from django_session limit 1", prepare=True).fetchall()
            connection.execute("select * from auth_user where id = %s", person, prepare=True).fetchall()
            statement = "select * from bare_notice where person_id = %s order by id desc limit 100"
            connection.execute(statement, person, prepare=True).fetchall()
            connection.execute("select count(*) from bare_notice where person_id = %s", person, prepare=True).fetchall()
            count += 1
        return count / 2


def run(report: Report) -> None:
    """Twenty messages with two sealed fields each."""
    with scratch.running() as place:
        web = json.loads((place.home / "ports.json").read_text())["web"]
        cookie = _python(place.environment, "-c", _PREPARE, f"+86{place.demo['resident']['phone']}", str(MESSAGES))
        url = scratch.superuser(place, "bare")
        environment = {**os.environ, "PYTHONPATH": f"{REPO}:{REPO / 'src'}", "BARE_DATABASE_URL": url}
        environment["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare.settings"
        ours: list[float] = []
        bare: list[float] = []
        spent: list[float] = []
        with _bare(environment) as (port, bare_cookie):
            load(web, "/api/v1/notices", cookie, 1), load(port, "/api/v1/notices", bare_cookie, 1)
            for _ in range(ROUNDS):
                rate, seconds = load(web, "/api/v1/notices", cookie, SECONDS)
                ours.append(rate)
                spent += seconds
                bare.append(load(port, "/api/v1/notices", bare_cookie, SECONDS)[0])
            statements = _floor(url)
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]  # of rounds next to each other
    report.add("statements alone, one connection", Figure(statements, "reads/s"))
    report.add("bare Django and ninja", Figure(percentile(bare, 0.5), "requests/s"))
    report.add("with privacy on", Figure(percentile(ours, 0.5), "requests/s"))
    report.add("with privacy on, p99", Figure(percentile(spent, 0.99) * 1000, "ms"))
    report.add("with privacy on / bare", Figure(percentile(ratios, 0.5), "x", 0.7, Bar.AT_LEAST))
