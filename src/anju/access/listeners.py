"""What gates tell the platform: entries go into the database, questions are answered, health is noted. Runs in the worker process."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from nats.aio.client import Client
from nats.aio.msg import Msg

from anju.access import actions, entries, gate_link, recording, sources
from anju.access import settings as gate_settings
from anju.access.entries import NONSENSE
from anju.access.models import Gate, Grant
from anju.bus import subjects
from anju.grants import encoding, sealing
from anju.notices import actions as notices
from anju.privacy import scope

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")
MOST_TEMPLATES = 50


async def listen(bus: Client) -> None:
    """Serve gates until cancelled."""
    await bus.subscribe(subjects.ASK, queue="platform", cb=_guarded(partial(_answer, bus)))
    await bus.subscribe(subjects.STATE, queue="platform", cb=_guarded(_state))
    await recording.record(bus, partial(_in_database, entries.store))


def _guarded(handle: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
    """A message that cannot be handled is logged and dropped: the gate asks again."""

    async def run(message: Msg) -> None:
        try:
            await handle(message)
        except (*NONSENSE, DatabaseError, InterfaceError) as error:
            log.warning("gate_message_dropped", subject=message.subject, error=type(error).__name__)

    return run


async def _in_database(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run synchronous work in Django's thread, on a connection that has not died meanwhile."""

    def run() -> T:
        close_old_connections()
        return work(*args, **options)

    return await sync_to_async(run)()


# --- questions and health -----------------------------------------------------------------------------------------


async def _answer(bus: Client, message: Msg) -> None:
    _, gate, question = message.subject.split(".")
    if not message.reply.startswith(f"_INBOX_{gate}."):
        return  # we may publish anywhere and it may not: it must not choose where its answer goes
    if question == "time":
        payload = json.dumps({"now": timezone.now().isoformat()}).encode()
    elif question == "templates":
        asked = [UUID(one) for one in json.loads(message.data)["grants"]][:MOST_TEMPLATES]
        payload = await _in_database(templates, UUID(gate), asked, message.subject)
    elif question == "settings":
        payload = await _in_database(gate_settings.sealed, UUID(gate), message.subject)
    else:
        return
    await bus.publish(message.reply, payload, headers=gate_link.signed(message.subject, payload))


def templates(gate_id: UUID, grants: list[UUID], subject: str) -> bytes:
    """The face templates of these grants of this gate, sealed for it alone."""
    found = []
    with scope.platform():
        gate = Gate.objects.get(pk=gate_id)
        for grant in Grant.objects.filter(gate=gate, pk__in=grants, gone=False):
            template = sources.template(grant.person_id) if "face" in grant.payload.get("ways", []) else None
            if template is None:
                continue
            rev, vectors = template
            pieces = [encoding.encode(vector.astype("<f4").tobytes()) for vector in vectors]
            found.append({"grant": str(grant.pk), "rev": rev, "vectors": pieces})
    sealed = sealing.seal(bytes(gate.box_key or b""), json.dumps({"templates": found}).encode(), subject)
    return json.dumps({"sealed": encoding.encode(sealed)}).encode()


async def _state(message: Msg) -> None:
    gate = subjects.gate_of(message.subject)
    said = json.loads(message.data)
    await _in_database(_note_state, gate, said)


def _note_state(gate: UUID, said: dict[str, Any]) -> None:
    actions.apply_state(gate, said)
    with scope.platform():
        community = Gate.objects.values_list("community_id", flat=True).get(pk=gate)
    notices.announce(
        f"community.{community}", "gate", {"id": str(gate), "door": said.get("door"), "queued": said.get("queued")}
    )
