"""Raising alarms, and seeing to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Gate
from anju.access.signals import alarm_told
from anju.fleet.models import Alarm
from anju.homes import staffing
from anju.homes.actions import require_duty
from anju.homes.duties import WATCH
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused

FROM_GATES = frozenset({Alarm.Kind.FORCED, Alarm.Kind.HELD_OPEN, Alarm.Kind.TAMPER, Alarm.Kind.STORE})
"""What a gate notices by itself; the rest is noticed here."""


@receiver(alarm_told)
def _told(
    gate: Gate, event: UUID, alarm: str, on: bool, at: datetime, **_options: Any
) -> None:  # Any: the signal's own
    """Raises ValueError for an alarm that no gate gives."""
    if alarm not in FROM_GATES:
        raise ValueError("no such alarm")
    if on:
        begin(gate, Alarm.Kind(alarm), at, event)
    else:
        end(gate, Alarm.Kind(alarm), at)


@transaction.atomic
def begin(gate: Gate, kind: Alarm.Kind, at: datetime, event: UUID | None = None) -> Alarm:
    """Something is wrong now. Whoever watches the gates is told, once until it is seen to."""
    # The gate itself and the platform may notice the same thing at once: one after the other, for each gate.
    Gate.objects.select_for_update(no_key=True).filter(pk=gate.pk).values_list("pk").first()
    known = Alarm.objects.select_for_update().filter(gate=gate, kind=kind).exclude(state=Alarm.State.CLOSED).first()
    if known is not None:
        if event is not None and event == known.event:
            return known
        if known.over_at is not None and at > known.over_at:  # again, and nobody has seen to it yet
            known.over_at, known.event, known.times = None, event, known.times + 1
            known.save(update_fields=["over_at", "event", "times"])
            _announce(known)
        return known
    if event is not None and Alarm.objects.filter(gate=gate, event=event).exists():
        return Alarm.objects.get(gate=gate, event=event)  # sent once more, and seen to long ago
    made = Alarm.objects.create(community_id=gate.community_id, gate=gate, kind=kind, at=at, event=event)
    _announce(made)
    for person in staffing.holding(gate.community_id, WATCH.duties):
        with notices.language_of(person):
            facts = {"gate": gate.name, "what": made.get_kind_display(), "at": timezone.localtime(at).strftime("%H:%M")}
            text = _("%(gate)s于 %(at)s 报警：%(what)s。请到控制台“门禁设备”查看，并派人到现场。") % facts
            notices.tell(person, Notice.Kind.GATE, _("门禁报警"), text)
    return made


@transaction.atomic
def end(gate: Gate, kind: Alarm.Kind, at: datetime) -> None:
    """It is over by itself; somebody still says what it was."""
    known = Alarm.objects.select_for_update().filter(gate=gate, kind=kind, over_at__isnull=True)
    found = known.exclude(state=Alarm.State.CLOSED).first()
    if found is not None and at >= found.at:
        found.over_at = at
        found.save(update_fields=["over_at"])
        _announce(found)


def _announce(alarm: Alarm) -> None:
    facts = {"id": str(alarm.pk), "gate": str(alarm.gate_id), "kind": alarm.kind, "state": alarm.state}
    notices.announce(f"community.{alarm.community_id}", "alarm", facts)


@transaction.atomic
def see_to(alarm: Alarm, *, staff: Person) -> Alarm:
    """Somebody goes and looks. Raises Refused."""
    found = _locked(alarm, staff)
    if found.state != Alarm.State.OPEN:
        raise Refused("already_seen", _("已有同事在处理这条报警，请刷新页面。"), status=409)
    found.state, found.seen_by = Alarm.State.SEEN, staff.pk
    found.save(update_fields=["state", "seen_by"])
    _announce(found)
    return found


@transaction.atomic
def close(alarm: Alarm, *, staff: Person, word: str) -> Alarm:
    """It has been seen to, and this is what it was. Raises Refused: without a word, or while the cause is still there."""
    found = _locked(alarm, staff)
    if found.state == Alarm.State.CLOSED:
        raise Refused("already_closed", _("这条报警刚刚已由其他同事处理，请刷新页面。"), status=409)
    if not word.strip():
        raise Refused("word_required", _("请写明现场情况和处理结果。"), field="word")
    if found.over_at is None:
        raise Refused("still_on", _("报警原因还在，请先排除；恢复后再结束这条报警。"), status=409)
    found.state, found.closed_by, found.closed_at = Alarm.State.CLOSED, staff.pk, timezone.now()
    found.word = word.strip()[:200]
    found.save(update_fields=["state", "closed_by", "closed_at", "word"])
    audit.record(AuditEntry.Action.GATE, found, actor=staff.pk, reason="alarm_closed")
    _announce(found)
    return found


def _locked(alarm: Alarm, staff: Person) -> Alarm:
    require_duty(staff, alarm.community_id, *WATCH.duties)
    return Alarm.objects.select_for_update().get(pk=alarm.pk)
