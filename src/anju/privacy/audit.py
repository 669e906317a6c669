"""Writing down who did what, and reading a masked value in full."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text
from anju.privacy.sealed import SealedValue


class Reason(StrEnum):
    """Why staff may read a value in full: a choice, so that nothing personal is typed into the audit."""

    REVIEW = "review"
    CONTACT = "contact"
    DISPUTE = "dispute"
    SAFETY = "safety"
    LAW = "law"
    DELIVER = "deliver"
    REPORT = "report"
    ROLL = "roll"
    METER = "meter"


REASONS: dict[str, Text] = {
    Reason.REVIEW: gettext_lazy("核对房屋认证资料"),
    Reason.CONTACT: gettext_lazy("需要联系当事人"),
    Reason.DISPUTE: gettext_lazy("处理申诉或纠纷"),
    Reason.SAFETY: gettext_lazy("处理安全事件"),
    Reason.LAW: gettext_lazy("依法配合调查"),
    Reason.DELIVER: gettext_lazy("代为转达短信"),
    Reason.REPORT: gettext_lazy("按规定向主管部门报送"),
    Reason.ROLL: gettext_lazy("线下核对名册"),
    Reason.METER: gettext_lazy("核对抄表读数"),
}
"""The reasons as people read them."""

GLASS = "glass:"
"""What stands in front of a break-glass request's id, where a reading has that for its reason."""


def target_title(entry: AuditEntry) -> str:
    """What an entry is about, by the model's name for people."""
    try:
        return str(apps.get_model(entry.target)._meta.verbose_name)
    except LookupError:
        return entry.target  # a model of an earlier version


def field_titles(entry: AuditEntry) -> list[str]:
    """An entry's fields by their names for people."""
    try:
        fields = {field.name: field for field in apps.get_model(entry.target)._meta.fields}
    except LookupError:
        return list(entry.fields)
    return [str(fields[name].verbose_name) if name in fields else place_title(name) for name in entry.fields]


def place_title(place: str) -> str:
    """住户 · 姓名 for `homes.Member.name`; what is no place stays as it is."""
    label, _dot, name = place.rpartition(".")
    try:
        model = apps.get_model(label)
        return f"{model._meta.verbose_name} · {model._meta.get_field(name).verbose_name}"
    except (LookupError, ValueError, FieldDoesNotExist):
        return place


def record(
    action: AuditEntry.Action,
    target: models.Model,
    *,
    actor: UUID | None,
    subject: UUID | None = None,
    fields: Sequence[str] = (),
    reason: str = "",
) -> AuditEntry:
    """Add one line to the audit."""
    return AuditEntry.objects.create(
        action=action,
        actor=actor,
        subject=subject,
        target=target._meta.label,
        target_id=str(target.pk),
        fields=list(fields),
        reason=reason,
    )


def unmasked_today(actor: UUID) -> int:
    """How many values this member of staff has read in full since midnight, break-glass left out."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    read = AuditEntry.objects.filter(actor=actor, action=AuditEntry.Action.UNMASK, at__gte=midnight)
    return read.exclude(reason__startswith=GLASS).count()


def _require_allowance(actor: UUID, allowance: int) -> None:
    with connection.cursor() as cursor:  # one reading of theirs at a time: two at once would both be the last one
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"unmask:{actor}"])
    if unmasked_today(actor) >= allowance:
        text = _(
            "您今天查看完整信息已达 %(count)s 次上限。确有紧急需要，请对当事人申请“紧急查看”，或请物业经理代为处理；明天零点恢复。"
        )
        raise Refused("unmasks_spent", text % {"count": allowance}, status=429, field="reason")


@transaction.atomic
def unmask(row: models.Model, field: str, *, actor: UUID, subject: UUID, reason: str, allowance: int) -> str:
    """One sealed text of `row` in full, as `unmask_bytes`."""
    return unmask_bytes(row, field, actor=actor, subject=subject, reason=reason, allowance=allowance).decode()


@transaction.atomic
def unmask_bytes(row: models.Model, field: str, *, actor: UUID, subject: UUID, reason: str, allowance: int) -> bytes:
    """One sealed field of `row` in full, on the record first. allowance: how many a day this member of staff may read.

    Raises Refused without a reason, and when the day's allowance is spent. A break-glass (GLASS and its id) is not counted.
    """
    glass = reason.startswith(GLASS)
    if not glass and reason not in set(Reason):
        raise Refused("reason_required", _("请选择查看理由。"), field="reason")
    value = getattr(row, field, None)
    if not isinstance(value, SealedValue):
        raise Refused("nothing_to_show", _("这里没有可以查看的内容，请刷新页面。"), status=404)
    if not glass:
        _require_allowance(actor, allowance)
    record(AuditEntry.Action.UNMASK, row, actor=actor, subject=subject, fields=[field], reason=reason)
    return value.open_bytes()
