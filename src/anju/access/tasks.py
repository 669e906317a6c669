"""Work that happens after the request: telling gates, comparing faces."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from nats.aio.client import Client
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from anju.access import actions, enrolment, erasures, gate_link, sources
from anju.access.models import Gate, Grant
from anju.bus import client, subjects
from anju.homes.actions import membership_changed
from anju.homes.models import Member
from anju.privacy import scope

BATCH = 1000
FIRST, LAST = 1, -1
"""Priorities: what has changed for somebody, and the thousands of a gate that has just registered."""
SOME = 100
"""People whose rights are brought in line in one go."""


def tell_gates(gates: Collection[UUID]) -> None:
    """Have these gates told what they were not told yet, once this transaction holds."""
    if gates:
        send_grants.configure(priority=FIRST).defer(gates=sorted(str(gate) for gate in gates))


@app.task(queue="gates", retry=RetryStrategy(max_attempts=200, wait=1), name="access.send_grants")
def send_grants(gates: Sequence[str]) -> None:
    """Publish to these gates every grant that they were not told yet, ends first. Retried until the bus has taken it."""
    with scope.platform():
        while _send_some([UUID(gate) for gate in gates]):
            pass


_ONE_AT_A_TIME = "select pg_advisory_xact_lock(key) from unnest(%s::bigint[]) as key"
_SENT = """
update access_grant held set sent_rev = told.rev, sequence = told.sequence
from unnest(%s::uuid[], %s::int[], %s::bigint[]) as told (id, rev, sequence) where held.id = told.id
"""


@transaction.atomic
def _send_some(gates: Sequence[UUID]) -> bool:
    with connection.cursor() as cursor:
        # One sender a gate: an older word sent after a newer one would be the last in the stream. Not by the gates' rows: their
        # health is written there, and must not wait for the bus.
        cursor.execute(_ONE_AT_A_TIME, [sorted(gate.int & (2**63 - 1) for gate in gates)])
        waiting = list(Grant.objects.filter(gate__in=gates, sent_rev__lt=F("rev")).order_by("-gone", "pk")[:BATCH])
        if not waiting:
            return False

        async def publish(bus: Client) -> list[int]:
            return await _publish(bus, waiting)

        sequences = client.run(publish, 30)
        # Only what was sent: a change made meanwhile has a higher rev and goes out next.
        cursor.execute(_SENT, [[grant.pk for grant in waiting], [grant.rev for grant in waiting], sequences])
    return True


async def _publish(bus: Client, grants: Sequence[Grant]) -> list[int]:
    """Send these grants, each flushed to the server's disk, all on their way at once. Returns their places in the stream."""
    stream = bus.jetstream()

    async def send(grant: Grant) -> int:
        subject = subjects.grant(grant.gate_id, grant.pk)
        payload = gate_link.message(grant)
        return (await stream.publish(subject, payload, timeout=20, headers=gate_link.signed(subject, payload))).seq

    return await asyncio.gather(*(send(grant) for grant in grants))


@app.task(queue="gates", retry=RetryStrategy(max_attempts=200, wait=1), name="access.grant_everybody")
def grant_everybody(community: str, after: str | None = None) -> None:
    """Tell a new gate about everybody who may use it: thousands of people, too many for the device to wait for.

    after: those up to this person have been done. Some at a time: somebody whose right ends meanwhile must not wait for them all.
    """
    with scope.platform():
        everybody = sorted(sources.everybody(UUID(community)))
    people = [person for person in everybody if after is None or person > UUID(after)]
    gates = {gate for person in people[:SOME] for gate in actions.refresh(person, UUID(community), tell=False)}
    if gates:
        send_grants(sorted(str(gate) for gate in gates))
    if len(people) > SOME:
        grant_everybody.configure(priority=LAST).defer(community=community, after=str(people[SOME - 1]))


def have_everybody_told(community: UUID) -> None:
    """`grant_everybody` once this transaction holds; one that has not begun yet does for all gates that register meanwhile."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        waiting = grant_everybody.configure(priority=LAST, queueing_lock=f"everybody-{community}")
        waiting.defer(community=str(community))


@app.task(queue="gates", retry=RetryStrategy(max_attempts=5, wait=5), name="access.compare_face")
def compare_face(person: str) -> None:
    """Look for look-alikes of somebody who has just moved in."""
    enrolment.compare(UUID(person))


@app.task(queue="gates", retry=RetryStrategy(max_attempts=5, wait=5), name="access.review_look_alikes")
def review_look_alikes(community: str) -> None:
    """A face with a look-alike is gone: perhaps the other needs the higher bar no more."""
    enrolment.review(UUID(community))


@app.periodic(cron="* * * * *")
@app.task(queue="gates", name="access.catch_up")
def catch_up(timestamp: int) -> None:
    """End what time has ended, and tell gates what a failed or killed job left untold."""
    del timestamp
    for person, community in actions.outlived():
        # Rooms that keep something for as long as somebody lives here hear of an end by date as of any other.
        membership_changed.send(Member, person=person, community=community)
    with scope.platform():
        untold = list(Grant.objects.filter(sent_rev__lt=F("rev")).values_list("gate_id", flat=True).distinct())
    for gate in untold:
        send_grants([str(gate)])


@app.periodic(cron="* * * * *")
@app.task(queue="gates", name="access.confirm_erasures")
def confirm_erasures(timestamp: int) -> None:
    """Look whether gates have erased what they say they have."""
    del timestamp
    for gate in erasures.to_confirm():
        confirm_erasure.defer(gate=str(gate))


@app.task(queue="gates", name="access.confirm_erasure")
def confirm_erasure(gate: str) -> None:
    """Look at one gate."""
    while erasures.confirm(UUID(gate)) is erasures.Answer.CONFIRMED:
        pass


@app.periodic(cron="23 3 * * *")
@app.task(queue="gates", name="access.survey")
def survey(timestamp: int) -> None:
    """Look at everything each gate holds, once a night."""
    del timestamp
    with scope.platform():
        gates = list(Gate.objects.filter(registered_at__isnull=False).values_list("pk", flat=True))
    for gate in gates:
        survey_gate.defer(gate=str(gate))


@app.task(queue="gates", name="access.survey_gate")
def survey_gate(gate: str) -> None:
    """Look at everything one gate holds."""
    erasures.survey(UUID(gate))


@app.periodic(cron="*/2 * * * *")
@app.task(queue="gates", name="access.take_up", pass_context=True)
async def take_up(context: JobContext, timestamp: int) -> None:
    """Do again what a worker was doing when it was killed."""
    del timestamp
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs():
        await jobs.retry_job(job)
