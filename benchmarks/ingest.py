"""Entries into PostgreSQL, as gates send them: by the worker's own code and through the stream, against bare batched inserts of the same rows."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import psycopg

from anju.site.report import Bar, Figure, Report
from anju.site.tour import scratch
from benchmarks.figures import percentile

STREAMED = 20_000
SETTLE = 120
_SETUP = """
import django; django.setup()
import asyncio, json, sys, time
from django.db import connection, transaction
from django.utils import timezone
from uuid6 import uuid7
from anju.access import entries, recording
from anju.access.models import Entry, Gate, Grant
from anju.bus import client as bus
from anju.homes.models import Home, Member, Role
from anju.homes.purposes import HOME_CERTIFICATION
from anju.access.purposes import GATE_OPENING
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import Consent, new_id

PEOPLE = 400

def entry(grant, number):
    said = {"id": str(uuid7()), "at": timezone.now().isoformat(), "grant": None, "holder": None, "way": "qr",
            "result": "refused", "reason": "qr_unknown", "score": None, "second": None, "offset_ms": 3}
    if number % 10:
        said |= {"grant": str(grant.pk), "holder": str(grant.holder), "result": "granted", "reason": "qr_ok"}
    return f"entries.{grant.gate_id}", json.dumps(said).encode()

def prepare():
    with scope.platform():
        gate = Gate.objects.get()
        people = Person.objects.bulk_create(Person(id=new_id(), password="!") for _ in range(PEOPLE))
        Consent.objects.bulk_create(
            Consent(subject=one.pk, actor=one.pk, purpose=purpose.code, version=purpose.version, action="granted")
            for one in people for purpose in (ACCOUNT, HOME_CERTIFICATION, GATE_OPENING))
        return Grant.objects.bulk_create(
            Grant(community_id=gate.community_id, gate=gate, person=one, payload={"ways": []}, sent_rev=1)
            for one in people)
"""
_STORE = """
ROUNDS, BATCH = 12, recording.BATCH
grants = prepare()
connection.ensure_connection()
names = "id, community_id, gate_id, person_id, at, way, result, reason, score, second, offset_ms, received_at"
kinds = "uuid uuid uuid uuid timestamptz text text text float8 float8 int8 timestamptz".split()
one_row = "insert into bench_entry (%s) values (%s)" % (names, ",".join(["%s"] * len(kinds)))
arrays = "insert into bench_entry (%s) select * from unnest(%s)" % (names, ",".join("%%s::%s[]" % one for one in kinds))
with connection.cursor() as cursor:
    cursor.execute("select set_config('anju.communities', '*', false)")

def bare(rows):
    with transaction.atomic(), scope.platform(), connection.cursor() as cursor:
        cursor.executemany(one_row, rows)

def as_arrays(rows):
    with transaction.atomic(), scope.platform(), connection.cursor() as cursor:
        cursor.execute(arrays, [list(column) for column in zip(*rows)])

def row(subject, said, grant):
    said = json.loads(said)
    return [said["id"], grant.community_id, grant.gate_id, grant.person_id if said["grant"] else None, said["at"],
            said["way"], said["result"], said["reason"], None, None, said["offset_ms"], timezone.now()]

spent = {"bare": [], "arrays": [], "ours": []}
for turn in range(ROUNDS):
    made = [(grants[number % PEOPLE], entry(grants[number % PEOPLE], number)) for number in range(BATCH)]
    rows, more = ([row(*entry(grant, number), grant) for number, (grant, _) in enumerate(made)] for _ in range(2))
    moments = [time.perf_counter()]
    for work, what in ((bare, rows), (as_arrays, more), (entries.store, [message for _, message in made])):
        new = work(what)
        moments.append(time.perf_counter())
    assert new == BATCH, new
    if turn > 1:
        for name, began, ended in zip(spent, moments, moments[1:]):
            spent[name].append(BATCH / (ended - began))
print(json.dumps(spent))
"""
_PUBLISH = """
grants = prepare()
async def main():
    client = await bus.connect("bench")
    stream = client.jetstream()
    count = int(sys.argv[1])
    for start in range(0, count, 500):
        some = [entry(grants[number % PEOPLE], number) for number in range(start, start + 500)]
        await asyncio.gather(*(stream.publish(subject, body, headers={"Nats-Msg-Id": json.loads(body)["id"]}, timeout=20)
                               for subject, body in some))
    await client.close()
began = time.perf_counter()
asyncio.run(main())
print(json.dumps({"published": int(sys.argv[1]) / (time.perf_counter() - began)}))
"""


def _inside(place: scratch.Place, script: str, *arguments: str) -> dict[str, Any]:  # Any: JSON
    """Run a script that knows the installation's keys; its last line is JSON."""
    command = [sys.executable, "-c", _SETUP + script, *arguments]
    done = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _through_the_stream(place: scratch.Place, connection: "psycopg.Connection[tuple[int]]") -> tuple[float, float]:
    """Entries a second: taken by the stream, and then written down by a worker that wakes up before a full stream."""
    worker = int((place.home / "run" / "worker.pid").read_text())
    before = _rows(connection)
    os.kill(worker, signal.SIGSTOP)
    try:
        published = _inside(place, _PUBLISH, str(STREAMED))["published"]
    finally:
        began = time.perf_counter()
        os.kill(worker, signal.SIGCONT)
    while (rows := _rows(connection) - before) < STREAMED and time.perf_counter() - began < SETTLE:
        time.sleep(0.05)
    assert rows == STREAMED, f"{rows} of {STREAMED} arrived"
    return published, rows / (time.perf_counter() - began)


def _rows(connection: "psycopg.Connection[tuple[int]]") -> int:
    row = connection.execute("select count(*) from access_entry").fetchone()
    return row[0] if row else 0


def run(report: Report) -> None:
    """Batches in turns, then a full stream."""
    with (
        scratch.running() as place,
        psycopg.connect(scratch.superuser(place, "anju"), autocommit=True) as connection,
    ):
        connection.execute("create table bench_entry (like access_entry including all)")
        connection.execute("alter table bench_entry add foreign key (person_id) references people_person (id)")
        connection.execute("alter table bench_entry add foreign key (gate_id) references access_gate (id)")
        connection.execute("alter table bench_entry add foreign key (community_id) references homes_community (id)")
        connection.execute("grant all on bench_entry to anju_app")
        found = _inside(place, _STORE)
        published, streamed = _through_the_stream(place, connection)
    floor, arrays, ours = (percentile(found[name], 0.5) for name in ("bare", "arrays", "ours"))
    ratios = [mine / theirs for mine, theirs in zip(found["ours"], found["bare"], strict=True)]
    report.add("bare inserts, the driver's batch of 1,000", Figure(floor, "rows/s"))
    report.add("bare insert of arrays, 1,000 at once", Figure(arrays, "rows/s"))
    report.add("stored by the worker's code", Figure(ours, "entries/s"))
    report.add("stored / bare", Figure(percentile(ratios, 0.5), "x", 0.5, Bar.AT_LEAST))
    report.add("the gates' end: published, each flushed to disk", Figure(published, "entries/s"))
    report.add("from a full stream", Figure(streamed, "entries/s"))
    report.add("from a full stream / bare", Figure(streamed / floor, "x", 0.5, Bar.AT_LEAST))
