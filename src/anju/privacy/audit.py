"""Writing down who did what, and reading a masked value in full."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext as _

from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.sealed import SealedValue


class Reason(StrEnum):
    """Why staff may read a value in full: a choice, so that nothing personal is typed into the audit."""

    REVIEW = "review"
    CONTACT = "contact"
    DISPUTE = "dispute"
    SAFETY = "safety"
    LAW = "law"


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
        action=action, actor=actor, subject=subject, target=target._meta.label, target_id=str(target.pk), fields=list(fields), reason=reason
    )


@transaction.atomic
def unmask(row: models.Model, field: str, *, actor: UUID, subject: UUID, reason: str) -> str:
    """One sealed field of `row` in full, for a reason, on the record first. Raises Refused without a reason."""
    if reason not in set(Reason):
        raise Refused("reason_required", _("请选择查看理由。"), field="reason")
    value = getattr(row, field, None)
    if not isinstance(value, SealedValue):
        raise Refused("nothing_to_show", _("这里没有可以查看的内容。"), status=404)
    record(AuditEntry.Action.UNMASK, row, actor=actor, subject=subject, fields=[field], reason=reason)
    return value.open()
