"""Making sure that gates have forgotten whom they must forget: their word is not enough, their tables are looked at.

A gate acknowledges an end by the stream sequence it has applied. Then it is asked what lies in its tables. Only when the ended
grants are gone from there, and no more lies there than should, is the end confirmed and its row here deleted.
"""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from anju.access import gate_link
from anju.access.models import Gate, Grant
from anju.privacy import scope
from anju.privacy.refusals import Refused

log = structlog.get_logger()
BATCH = 200


class Answer(StrEnum):
    """What looking at a gate came to."""

    NOTHING_TO_CONFIRM = "nothing_to_confirm"
    SILENT = "silent"
    CONFIRMED = "confirmed"
    HOLDS = "holds"
    """It says it has erased, and has not."""


def acknowledged(gate: UUID) -> QuerySet[Grant]:
    """Ended grants whose end this gate says it has applied."""
    ended = Grant.objects.filter(gate=gate, gone=True, sent_rev=F("rev"), sequence__gt=0)
    return ended.filter(sequence__lte=F("gate__applied")).order_by("pk")


def to_confirm() -> list[UUID]:
    """Gates whose acknowledgements have not been looked into."""
    with scope.platform():
        ended = Grant.objects.filter(gone=True, sent_rev=F("rev"), sequence__gt=0, sequence__lte=F("gate__applied"))
        return list(ended.values_list("gate_id", flat=True).distinct())


def confirm(gate_id: UUID) -> Answer:
    """Look whether this gate has erased what it says it has."""
    with scope.platform():
        waiting = list(acknowledged(gate_id)[:BATCH])
        if not waiting:
            return Answer.NOTHING_TO_CONFIRM
        try:
            held = gate_link.inventory(gate_id, only=[grant.pk for grant in waiting])
        except Refused:
            return Answer.SILENT
        kept = [grant for grant in waiting if grant.pk in held.rows]
        if kept or _too_many(gate_id, held, waiting):
            _distrust(gate_id, kept or waiting)
            return Answer.HOLDS
        # Whoever moved in again meanwhile has a live grant under the same id: that one stays.
        Grant.objects.filter(pk__in=[grant.pk for grant in waiting], gone=True).delete()
        return Answer.CONFIRMED


def _too_many(gate_id: UUID, held: gate_link.Inventory, gone: Sequence[Grant]) -> bool:
    """Whether more lies there than can be right, whatever the gate says of single rows."""
    rest = Grant.objects.filter(gate=gate_id).exclude(pk__in=[grant.pk for grant in gone])
    # One whose end is still on its way may well be there, with its face.
    faces = rest.filter(Q(gone=True) | Q(payload__ways__contains="face") | Q(sent_rev__lt=F("rev")))
    return held.grants > rest.count() or held.templates > faces.count()


def _distrust(gate_id: UUID, grants: Sequence[Grant]) -> None:
    """Note that this gate's word does not hold, and tell it again."""
    log.error("gate_holds_what_it_says_it_erased", gate=str(gate_id), grants=len(grants))
    Gate.objects.filter(pk=gate_id, suspect_since__isnull=True).update(suspect_since=timezone.now())
    Grant.objects.filter(pk__in=[grant.pk for grant in grants], gone=True).update(rev=F("rev") + 1)


def survey(gate_id: UUID) -> Answer:
    """Look at everything a gate holds, and end what nobody here knows of: after a restore, and every night."""
    wrong: set[UUID] = set()
    after: UUID | None = None
    with scope.platform():
        while True:
            try:
                held = gate_link.inventory(gate_id, after=after)
            except Refused:
                return Answer.SILENT
            if not held.rows:
                break
            after = max(held.rows, key=str)
            known = {grant.pk: grant for grant in Grant.objects.filter(gate=gate_id, pk__in=held.rows)}
            for name, (rev, template) in held.rows.items():
                grant = known.get(name)
                if (
                    grant is None
                    or (rev == 0 and grant.sent_rev == grant.rev)
                    or (template and "face" not in grant.payload.get("ways", []) and _settled(grant))
                ):
                    wrong.add(name)
        if wrong:
            _end(gate_id, wrong)
            return Answer.HOLDS
        if not acknowledged(gate_id).exists():
            Gate.objects.filter(pk=gate_id).update(suspect_since=None)
    return Answer.CONFIRMED


def _settled(grant: Grant) -> bool:
    """Whether the gate says it has applied this grant's last word."""
    return grant.sent_rev == grant.rev and 0 < grant.sequence <= grant.gate.applied


def _end(gate_id: UUID, wrong: set[UUID]) -> None:
    """Tell the gate again, and note that its word does not hold."""
    Gate.objects.filter(pk=gate_id, suspect_since__isnull=True).update(suspect_since=timezone.now())
    known = Grant.objects.filter(gate=gate_id, pk__in=wrong)
    strangers = wrong - set(known.values_list("pk", flat=True))
    known.update(rev=F("rev") + 1)
    gate_link.end_unknown(gate_id, strangers)
