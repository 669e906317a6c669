"""Telling everybody affected: in batches, each once, whatever happens to the job meanwhile."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anju.incidents import drafts
from anju.incidents.models import Affected, Incident
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.vault import Erased

BATCH = 200
Told = Affected.Told
State = Incident.State


def tell(incident_id: UUID) -> int:
    """Tell whoever was not told yet. Returns how many."""
    count = 0
    with scope.platform():
        incident = Incident.objects.get(pk=incident_id)
        approved = incident.approved_by is not None or incident.drill  # a drill tells nobody
        if not approved or incident.state != State.CONFIRMED:
            return 0
        while done := _some(incident):
            count += done
        _finish(incident_id)
    return count


@transaction.atomic
def _some(incident: Incident) -> int:
    """One batch: a message and the note that it was sent come into being together, or not at all."""
    waiting = incident.affected.filter(told_at__isnull=True).order_by("pk")
    rows = list(waiting.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    people = Person.objects.in_bulk([row.subject for row in rows])
    now = timezone.now()
    for row in rows:
        row.told, row.told_at = _one(incident, row, people.get(row.subject)), now
    Affected.objects.bulk_update(rows, ["told", "told_at"])
    return len(rows)


def _one(incident: Incident, row: Affected, person: Person | None) -> Told:
    """Tell one person; how it was done. In a drill nobody is."""
    if incident.drill:
        return Told.DRILL
    if person is None or not person.is_active:
        return Told.PUBLIC
    try:
        text = drafts.for_person(incident, person.language, row.places)
        with translation.override(person.language):
            notices.tell(person, Notice.Kind.SECURITY, _("个人信息安全事件告知"), text)
            if not person.phone:
                return Told.NOTICE
            short = _("【安居】您的部分个人信息可能受到一起安全事件影响，详情和防范建议请打开应用查看“通知”。")
            sms.send(person.phone.open(), short, kind=OutboxMessage.Kind.NOTICE, subject=person.pk)
    except Erased:
        return Told.PUBLIC
    return Told.TEXT


@transaction.atomic
def _finish(incident_id: UUID) -> None:
    """Note that everybody was told, and publish where somebody could not be."""
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.state != State.CONFIRMED or incident.affected.filter(told_at__isnull=True).exists():
        return
    incident.state = State.REPORTED if incident.reported_at else State.NOTIFIED
    if incident.affected.filter(told=Told.PUBLIC).exists():
        incident.announced_at = timezone.now()
    incident.save(update_fields=["state", "announced_at"])
    audit.record(AuditEntry.Action.INCIDENT, incident, actor=None, reason="told")
