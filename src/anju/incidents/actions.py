"""An incident's life: found, measured, put into words, told, reported, closed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes import staffing
from anju.homes.actions import require_duty
from anju.homes.duties import INCIDENTS, SEND_INCIDENTS, Right
from anju.homes.models import Community
from anju.incidents import affected, drafts
from anju.incidents.models import Affected, Incident
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

State = Incident.State
_PLACE = "incidents.incident.note"
_MOST_TEXT = 4000


def _require(staff: Person, incident: Incident, right: Right) -> None:
    """Raises Refused. An incident of the whole installation is the operator's."""
    if incident.community_id is not None:
        require_duty(staff, incident.community_id, *right.duties)
    elif not staff.is_superuser:
        raise Refused("not_allowed", _("全平台的安全事件由运维处理，请联系运维。"), status=403)


def _locked(incident: Incident, *states: str) -> Incident:
    """The incident as it is now, and nobody else's to change. Raises Refused when it has come further."""
    found = Incident.objects.select_for_update(of=("self",)).select_related("community").get(pk=incident.pk)
    if found.state not in states:
        text = _("这个安全事件的状态是“%(state)s”，不能再做这一步，请刷新页面。")
        raise Refused("wrong_state", text % {"state": found.get_state_display()}, status=409)
    return found


def _note(incident: Incident, staff: Person, what: str) -> None:
    audit.record(AuditEntry.Action.INCIDENT, incident, actor=staff.pk, reason=what)


@transaction.atomic
def register(
    community: Community | None,
    *,
    staff: Person,
    kind: str,
    found_at: datetime,
    began: datetime,
    ended: datetime,
    actors: Sequence[UUID] = (),
    recipients: Sequence[str] = (),
    places: Sequence[str] = (),
    whole: bool = False,
    note: str = "",
    drill: bool = False,
) -> Incident:
    """Write an incident down; the clock runs from `found_at`. Raises Refused."""
    made = Incident(
        community=community,
        kind=kind,
        found_at=found_at,
        began=began,
        ended=ended,
        actors=[str(one) for one in actors],
        recipients=list(recipients),
        places=list(places),
        whole=whole,
        drill=drill,
        opened_by=staff.pk,
    )
    _require(staff, made, INCIDENTS)
    if ended < began or found_at > timezone.now():
        raise Refused("window", _("结束时间不能早于开始时间，发现时间不能晚于现在。"), field="ended")
    if not (actors or recipients or (whole and places)):
        text = _("请至少选择一位涉事人员或一个接收方；存储整体受影响时，请选择涉及的信息。")
        raise Refused("nothing_to_measure", text, field="actors")
    if note:
        vault().admit(made.pk)
        made.note = vault().seal(made.pk, _PLACE, note[:_MOST_TEXT].encode())
    made.save()
    _note(made, staff, "found")
    if not drill:
        for person in watchers(made):
            _alert(person, made)
    return made


def note_of(incident: Incident) -> str:
    """The internal note in full."""
    return vault().open(incident.pk, _PLACE, bytes(incident.note)).decode() if incident.note else ""


@transaction.atomic
def measure(incident: Incident, *, staff: Person) -> Incident:
    """Compute who was affected, and write the texts anew. Raises Refused."""
    _require(staff, incident, INCIDENTS)
    found = _locked(incident, State.DRAFT, State.OPEN)
    Affected.objects.filter(incident=found).delete()
    rows = [
        Affected(incident=found, community_id=found.community_id, subject=subject, places=places)
        for subject, places in affected.affected(found).items()
    ]
    Affected.objects.bulk_create(rows, batch_size=2000)
    found.state = State.OPEN
    drafts.write(found)
    found.save(update_fields=["state", "notice", "announcement", "report"])
    _note(found, staff, "measured")
    return found


@transaction.atomic
def edit(incident: Incident, texts: dict[str, dict[str, str]], *, staff: Person) -> Incident:
    """Change the drafts: texts by name (notice, announcement, report) and language. Raises Refused."""
    _require(staff, incident, INCIDENTS)
    found = _locked(incident, State.OPEN)
    for name in drafts.TEXTS:
        for language in drafts.LANGUAGES:
            text = texts.get(name, {}).get(language, "").strip()
            if not 20 <= len(text) <= _MOST_TEXT:
                raise Refused("text_length", _("每份文字须为 20 到 4000 个字，中英文都要填写。"), field=name)
        setattr(found, name, {language: texts[name][language].strip() for language in drafts.LANGUAGES})
    found.save(update_fields=["notice", "announcement", "report"])
    _note(found, staff, "edited")
    return found


@transaction.atomic
def confirm(incident: Incident, *, staff: Person) -> Incident:
    """The texts stand; somebody else decides whether they go out. Raises Refused: something in them is not checked."""
    _require(staff, incident, INCIDENTS)
    found = _locked(incident, State.OPEN)
    if drafts.unchecked(found):
        text = _("文字里还有“%(mark)s”：请按实际情况改好这些地方并保存，再提交批准。")
        raise Refused("unchecked", text % {"mark": drafts.CHECK}, field="notice")
    found.state, found.prepared_by = State.CONFIRMED, staff.pk
    found.save(update_fields=["state", "prepared_by"])
    _note(found, staff, "confirmed")
    if not found.drill:
        _call(found, staff)
    return found


def _call(incident: Incident, staff: Person) -> None:
    """Tell those who may decide that it waits for them."""
    for person in _answering(incident, SEND_INCIDENTS):
        if person.pk != staff.pk:
            with notices.language_of(person):
                text = _("有一起安全事件的告知待批准，请到控制台核对后处理。")
                notices.tell(person, Notice.Kind.SECURITY, _("有申请待您批准"), text)


@transaction.atomic
def back(incident: Incident, *, staff: Person) -> Incident:
    """Not yet: back to whoever prepared it. Raises Refused."""
    _require(staff, incident, SEND_INCIDENTS)
    found = _locked(incident, State.CONFIRMED)
    found.state, found.prepared_by = State.OPEN, None
    found.save(update_fields=["state", "prepared_by"])
    _note(found, staff, "returned")
    return found


@transaction.atomic
def send(incident: Incident, *, staff: Person) -> Incident:
    """Have everybody affected told, in batches, by a job. Raises Refused: one's own preparation."""
    from anju.incidents import tasks  # which tells them

    _require(staff, incident, SEND_INCIDENTS)
    found = _locked(incident, State.CONFIRMED)
    if found.approved_by is not None:
        raise Refused("already_decided", _("已有同事批准，正在逐一告知，请稍候。"), status=409)
    if found.prepared_by == staff.pk:
        raise Refused("own_request", _("不能批准自己准备的告知，请由物业经理或另一位负责人批准。"), status=403)
    found.approved_by, found.approved_at = staff.pk, timezone.now()
    found.save(update_fields=["approved_by", "approved_at"])
    _note(found, staff, "approved")
    tasks.tell.defer(incident=str(found.pk))
    return found


@transaction.atomic
def report(incident: Incident, *, staff: Person, how: str, receipt: str, at: datetime | None = None) -> Incident:
    """Write down that the authority was told, or why not. Raises Refused."""
    _require(staff, incident, INCIDENTS)
    found = _locked(incident, State.OPEN, State.CONFIRMED, State.NOTIFIED)
    if found.reported_at is not None:
        raise Refused("reported_already", _("已登记过报告，请刷新页面。"), status=409)
    if how not in Incident.Reported.values:
        raise Refused("how", _("请选择报告方式。"), field="how")
    if not receipt.strip():
        raise Refused("receipt", _("请填写回执编号；未达到报告标准时，请写明研判依据。"), field="receipt")
    found.reported_at, found.reported_by = at or timezone.now(), staff.pk
    found.reported_how, found.receipt = how, receipt.strip()[:80]
    if found.state == State.NOTIFIED:
        found.state = State.REPORTED
    found.save(update_fields=["reported_at", "reported_by", "reported_how", "receipt", "state"])
    _note(found, staff, "reported")
    return found


@transaction.atomic
def close(incident: Incident, *, staff: Person) -> Incident:
    """Everybody was told and the authority was: done. Raises Refused."""
    _require(staff, incident, INCIDENTS)
    found = _locked(incident, State.REPORTED)
    found.state, found.closed_at = State.CLOSED, timezone.now()
    found.save(update_fields=["state", "closed_at"])
    _note(found, staff, "closed")
    return found


# --- the clock --------------------------------------------------------------------------------------------------------

REMINDERS = (7200, 3600, 1800, 0)
"""At so many seconds before the report is due, those who answer for it are reminded; afterwards every hour."""


def watchers(incident: Incident) -> list[Person]:
    """Who answers for an incident: its community's data protection officers, and the operators."""
    return _answering(incident, INCIDENTS)


def _answering(incident: Incident, right: Right) -> list[Person]:
    found = {one.pk: one for one in Person.objects.filter(is_superuser=True, is_active=True)}
    if incident.community_id is not None:
        found |= {one.pk: one for one in staffing.holding(incident.community_id, right.duties)}
    return list(found.values())


def _alert(person: Person, incident: Incident) -> None:
    left = incident.due - timezone.now()
    with notices.language_of(person):
        facts = {"due": f"{timezone.localtime(incident.due):%m-%d %H:%M}"}
        text = (
            _("有一起安全事件须在 %(due)s 前向主管部门报告，请到控制台处理。")
            if left.total_seconds() > 0
            else _("有一起安全事件已超过报告时限（%(due)s），请立即报告并登记。")
        )
        notices.tell(person, Notice.Kind.SECURITY, _("安全事件报告时限"), text % facts)


def remind() -> int:
    """Remind of reports that come due. Returns of how many incidents."""
    count = 0
    with scope.platform():
        waiting = Incident.objects.filter(reported_at__isnull=True, drill=False).exclude(state=State.CLOSED)
        for pk in list(waiting.values_list("pk", flat=True)):
            count += _remind(pk)
    return count


@transaction.atomic
def _remind(pk: UUID) -> bool:
    incident = Incident.objects.select_for_update().get(pk=pk)
    left = (incident.due - timezone.now()).total_seconds()
    step = sum(left <= seconds for seconds in REMINDERS) + max(0, int(-left // 3600))
    if step <= incident.reminded:
        return False
    incident.reminded = step
    incident.save(update_fields=["reminded"])
    for person in watchers(incident):
        _alert(person, incident)
    return True
