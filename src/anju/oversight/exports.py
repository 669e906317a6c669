"""Lists that leave the console: asked for by one, approved by another, marked with both, gone after a day."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anju.access import queries
from anju.access.models import Entry
from anju.access.purposes import GATE_OPENING
from anju.homes.actions import require_duty
from anju.homes.duties import ASK_EXPORT, DECIDE_EXPORT
from anju.homes.models import Community, Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight import four_eyes, papers, sheets
from anju.oversight.models import Export, Step
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.audit import REASONS, Reason
from anju.privacy.models import AuditEntry, Consent
from anju.privacy.purposes import Purpose
from anju.privacy.refusals import Refused

KEPT = timedelta(hours=24)
MOST_DOWNLOADS = 3
MOST_DAYS = 31
ASK_REASONS = (Reason.ROLL, Reason.REPORT, Reason.DISPUTE, Reason.LAW)
_STEP = 500

What = Export.What


@transaction.atomic
def ask(
    community: Community, what: str, *, staff: Person, reason: str, first: date | None = None, last: date | None = None
) -> Export:
    """Ask for a list of this community. Entries need the days. Raises Refused."""
    require_duty(staff, community.pk, *ASK_EXPORT.duties)
    if what not in What.values:
        raise Refused("unknown_list", _("请选择要导出的内容。"), field="what")
    if reason not in ASK_REASONS:
        raise Refused("reason_required", _("请选择导出的理由。"), field="reason")
    if what == What.ENTRIES and (first is None or last is None or not 0 <= (last - first).days < MOST_DAYS):
        raise Refused("days", _("请选择起止日期，一次最多导出 31 天。"), field="first_day")
    if what == What.RESIDENTS:
        first = last = None
    made = Export.objects.create(
        community=community, what=what, asker=staff.pk, reason=reason, first_day=first, last_day=last
    )
    audit.record(AuditEntry.Action.EXPORT, made, actor=staff.pk, reason=Step.ASKED)
    four_eyes.call(community, DECIDE_EXPORT, made._meta.verbose_name or "", but=staff)
    return made


@transaction.atomic
def decide(export: Export, *, staff: Person, approve: bool) -> Export:
    """Let it be made, or not. Raises Refused."""
    from anju.oversight import tasks  # which makes it

    done = four_eyes.decide(export, DECIDE_EXPORT, staff=staff, approve=approve, action=AuditEntry.Action.EXPORT)
    if approve:
        tasks.make_export.defer(export=str(done.pk), community=str(done.community_id))
    return done


def rows(export: Export) -> QuerySet[Any]:  # Any: members or entries
    """What the list is made of."""
    if export.what == What.RESIDENTS:
        return (
            Member.objects.living()
            .filter(community=export.community_id)
            .select_related("home__unit__building")
            .order_by("home__unit__building__order", "home__unit__order", "home__floor", "home__room", "pk")
        )
    found = Entry.objects.filter(
        community=export.community_id, at__date__gte=export.first_day, at__date__lte=export.last_day
    )
    return queries.with_members(found.select_related("gate", "person").order_by("at", "pk"))


def _heads(export: Export) -> list[str]:
    if export.what == What.RESIDENTS:
        return [_("房屋"), _("姓名（隐去）"), _("身份"), _("开始"), _("结束")]
    return [_("时间"), _("门禁"), _("来人"), _("方式"), _("结果")]


def _cells(export: Export, row: Any) -> list[str]:  # Any: a member or an entry
    if export.what == What.RESIDENTS:
        return [row.home.label, str(row.name or ""), row.get_role_display(), _day(row.since), _day(row.until)]
    at = f"{timezone.localtime(row.at):%Y-%m-%d %H:%M:%S}"
    return [at, row.gate.name, queries.holder(row), row.get_way_display(), row.get_result_display()]


def _day(moment: Any) -> str:  # Any: a time or None
    return f"{timezone.localtime(moment):%Y-%m-%d}" if moment else ""


def _book(export: Export, progress: Callable[[int], None]) -> bytes:
    book = sheets.Book(export.pk, _asker(export))
    book.sheet(_("说明"), _about(export))
    book.sheet(str(What(export.what).label), chain([_heads(export)], _counted(export, progress)))
    return book.content()


def _asker(export: Export) -> str:
    asker = Person.objects.filter(pk=export.asker).first()
    return str(asker or export.asker)


def _counted(export: Export, progress: Callable[[int], None]) -> Iterator[list[str]]:
    for done, row in enumerate(_each(export), 1):
        yield _cells(export, row)
        if done % _STEP == 0:
            progress(done)


def _each(export: Export) -> Iterator[Any]:  # Any: members or entries
    """The rows, without those of people who had the use of their data stopped."""
    purpose = HOME_CERTIFICATION if export.what == What.RESIDENTS else GATE_OPENING
    found = rows(export).iterator(chunk_size=_STEP)
    while some := list(islice(found, _STEP)):
        stopped = _stopped({row.person_id for row in some}, purpose)
        yield from (row for row in some if row.person_id not in stopped)


def _stopped(people: set[UUID], purpose: Purpose) -> set[UUID]:
    """Who of these had the use of what is held for this purpose stopped."""
    acts = Consent.objects.filter(subject__in=people, purpose=purpose.code)
    last = acts.order_by("subject", "-id").distinct("subject").values_list("subject", "action")
    return {subject for subject, action in last if action == Consent.Action.RESTRICTED}


def _about(export: Export) -> list[list[str]]:
    decider = Person.objects.filter(pk=export.decider).first() if export.decider else None
    return [
        [_("小区"), export.community.name],
        [_("内容"), str(What(export.what).label)],
        [_("理由"), str(REASONS[export.reason])],
        [_("批准人"), str(decider or export.decider)],
        [_("姓名已隐去；需要完整信息时，请逐项查看或申请紧急查看。")],
    ]


def make(export_id: UUID, community: UUID) -> None:
    """Write the file; done and total are seen while it runs. Does nothing when it is made already."""
    with scope.community(community), translation.override("zh-hans"):
        export = Export.objects.select_related("community").get(pk=export_id)
        if export.step != Step.APPROVED or export.made_at:
            return
        export.total = rows(export).count()
        export.save(update_fields=["total"])

        def progress(done: int) -> None:
            Export.objects.filter(pk=export.pk).update(done=done)

        content = _book(export, progress)
        with transaction.atomic():
            papers.seal(export, "file", content)
            export.done, export.made_at = export.total, timezone.now()
            export.save(update_fields=["file", "done", "made_at"])
            audit.record(AuditEntry.Action.EXPORT, export, actor=None, reason="made")
            _ready(export)


def _ready(export: Export) -> None:
    person = Person.objects.filter(pk=export.asker, is_active=True).first()
    if person is not None:
        with notices.language_of(person):
            text = _("您申请的导出已生成，请在 24 小时内到控制台下载，最多 3 次。")
            notices.tell(person, Notice.Kind.SECURITY, _("导出已生成"), text)


def there(export: Export) -> bool:
    """Whether there is a file to download."""
    return export.made_at is not None and export.made_at > timezone.now() - KEPT and export.downloads < MOST_DOWNLOADS


def download(export: Export, *, staff: Person) -> bytes:
    """The file, to whoever asked for it. Raises Refused: not theirs, not there, gone, taken too often."""
    with transaction.atomic():
        found = Export.objects.select_for_update().get(pk=export.pk)
        if found.asker != staff.pk:
            raise Refused("not_yours", _("只有申请人本人可以下载。"), status=403)
        require_duty(staff, found.community_id, *ASK_EXPORT.duties)
        if not there(found):
            text = _("文件还没有生成，或已下载 3 次、超过 24 小时而销毁。如仍需要，请重新申请。")
            raise Refused("export_gone", text, status=410)
        content = papers.read(found, "file")
        found.downloads += 1
        found.save(update_fields=["downloads"])
        audit.record(AuditEntry.Action.EXPORT, found, actor=staff.pk, reason="downloaded")
        if found.downloads == MOST_DOWNLOADS:
            _destroy(found)
    return content


def _destroy(export: Export) -> None:
    """The file goes, and its key with it: backups hold nothing that can be read."""
    export.file = None
    export.save(update_fields=["file"])
    audit.record(AuditEntry.Action.EXPORT, export, actor=None, reason="destroyed")
    papers.destroy(export, "file")


def destroy_old() -> int:
    """Destroy every file past its day. Returns how many."""
    count = 0
    with scope.platform():
        past = Export.objects.filter(file__isnull=False, made_at__lt=timezone.now() - KEPT)
        for pk in list(past.values_list("pk", flat=True)):
            with transaction.atomic():
                found = Export.objects.select_for_update().filter(pk=pk, file__isnull=False).first()
                if found:
                    _destroy(found)
                    count += 1
    return count
