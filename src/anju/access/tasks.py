"""Work that happens after the request: telling gates, comparing faces."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from nats.aio.client import Client
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from anju.access import actions, enrolment, erasures, gate_link, sources
from anju.access.models import Gate, Grant
from anju.bus import client, subjects
from anju.privacy import scope

BATCH = 200


@app.task(queue="gates", retry=RetryStrategy(max_attempts=200, wait=1), name="access.send_grants")
def send_grants(gate: str) -> None:
    """Publish every grant of this gate that it was not told yet. Retried until the bus has taken it."""
    with scope.platform():
        while _send_some(UUID(gate)):
            pass


@transaction.atomic
def _send_some(gate: UUID) -> bool:
    # One sender a gate at a time: an older word sent after a newer one would be the last in the stream.
    Gate.objects.select_for_update().get(pk=gate)
    waiting = list(Grant.objects.filter(gate=gate, sent_rev__lt=F("rev")).order_by("pk")[:BATCH])
    if not waiting:
        return False

    async def publish(bus: Client) -> list[int]:
        return await _publish(bus, waiting)

    for grant, sequence in zip(waiting, client.run(publish, 30), strict=True):
        # Only what was sent: a change made meanwhile has a higher rev and goes out next.
        Grant.objects.filter(pk=grant.pk).update(sent_rev=grant.rev, sequence=sequence)
    return True


async def _publish(bus: Client, grants: list[Grant]) -> list[int]:
    """Send these grants; returns their places in the stream."""
    stream = bus.jetstream()
    sequences = []
    for grant in grants:
        subject = subjects.grant(grant.gate_id, grant.pk)
        payload = gate_link.message(grant)
        headers = gate_link.signed(subject, payload)
        sequences.append((await stream.publish(subject, payload, headers=headers)).seq)
    return sequences


@app.task(queue="gates", retry=RetryStrategy(max_attempts=200, wait=1), name="access.grant_everybody")
def grant_everybody(community: str) -> None:
    """Tell a new gate about everybody who may use it: thousands of people, too many for the device to wait for."""
    with scope.platform():
        people = sources.everybody(UUID(community))
    for person in people:
        actions.refresh(person, UUID(community))


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
        actions.refresh(person, community)
    with scope.platform():
        untold = Grant.objects.filter(sent_rev__lt=F("rev")).values_list("gate_id", flat=True).distinct()
        for gate in list(untold):
            send_grants(str(gate))


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
