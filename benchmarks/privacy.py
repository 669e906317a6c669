"""What the promises cost: sealed and isolated rows against plain ones, and destroying a person's key."""

import json
import subprocess
import sys

import psycopg

from anju.site.report import Figure, Report
from anju.site.tour import scratch

_MEASURE = """
import django; django.setup()
import json, time
from uuid import UUID
from django.db import models
from anju.notices.models import Notice
from anju.people import actions
from anju.privacy import scope
from anju.privacy.vault import vault

class Plain(models.Model):
    id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField()
    title = models.TextField()
    body = models.TextField()
    class Meta:
        app_label, db_table, managed = "notices", "bench_plain", False

people = [actions.open_account(f"+86135{number:08}") for number in range(20)]
for person in people:
    with scope.person(person.pk):
        for number in range(50):
            one = Notice.objects.create(person=person, kind="home", title=f"标题 {number}", body="正文" * 20)
            Plain.objects.create(id=one.pk, person_id=person.pk, title=f"标题 {number}", body="正文" * 20)
ids = {person.pk: list(Notice.objects.none()) for person in people}
for person in people:
    with scope.person(person.pk):
        ids[person.pk] = list(Notice.objects.filter(person=person).values_list("pk", flat=True))

def sealed_point(person, number):
    with scope.person(person.pk):
        one = Notice.objects.get(pk=ids[person.pk][number])
        return one.title.open() + one.body.open()

def plain_point(person, number):
    one = Plain.objects.get(pk=ids[person.pk][number])
    return one.title + one.body

def sealed_list(person, number):
    with scope.person(person.pk):
        return [one.title.open() + one.body.open() for one in Notice.objects.filter(person=person)[:50]]

def plain_list(person, number):
    return [one.title + one.body for one in Plain.objects.filter(person_id=person.pk).order_by("-id")[:50]]

spent = {}
for rounds, pair in ((1000, (plain_point, sealed_point)), (300, (plain_list, sealed_list))):
    for read in pair:
        spent[read.__name__] = []
    for number in range(rounds):
        for read in pair if number % 2 else pair[::-1]:
            began = time.perf_counter()
            read(people[number % 20], number % 50)
            spent[read.__name__].append(time.perf_counter() - began)
doomed = [actions.open_account(f"+86134{number:08}").pk for number in range(100)]
spent["erase"] = []
for one in doomed:
    began = time.perf_counter()
    vault().erase([one])
    spent["erase"].append(time.perf_counter() - began)
def at(values, share):
    return sorted(values)[int(len(values) * share)] * 1000
print(json.dumps({name: [at(values, 0.5), at(values, 0.95)] for name, values in spent.items()}))
"""


def run(report: Report) -> None:
    """Reads in turns through Django's ORM; each sealed read is another person's, so that the scope travels every time."""
    with scratch.running() as place:
        with psycopg.connect(scratch.superuser(place, "anju"), autocommit=True) as connection:
            connection.execute("create table bench_plain (id uuid primary key, person_id uuid, title text, body text)")
            connection.execute("create index on bench_plain (person_id, id desc)")
            connection.execute("grant all on bench_plain to anju_app")
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE], env=place.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[float]] = json.loads(done.stdout.strip().splitlines()[-1])
    point, plain = found["sealed_point"][0], found["plain_point"][0]
    report.add("plain point read, p50", Figure(plain, "ms"))
    report.add("sealed point read, p50", Figure(point, "ms"))
    report.add("sealed / plain point read", Figure(point / plain, "x", 1.5))
    report.add("plain list of 50, p50", Figure(found["plain_list"][0], "ms"))
    report.add("sealed list of 50, more by", Figure(found["sealed_list"][0] - found["plain_list"][0], "ms", 2))
    report.add("a person's key destroyed, p50", Figure(found["erase"][0], "ms"))
    report.add("a person's key destroyed, p95", Figure(found["erase"][1], "ms", 50))
