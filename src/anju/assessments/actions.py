"""Assessing and approving, and which purposes still need it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.assessments.models import Assessment
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.purposes import PURPOSES, Basis, Purpose
from anju.privacy.refusals import Refused

LEAST = 20
"""Characters: a word is no assessment."""


def needing() -> list[Purpose]:
    """Purposes that process sensitive data (they are asked for separately) and so need an assessment."""
    return [one for one in PURPOSES.values() if one.basis is Basis.SEPARATE_CONSENT]


def missing() -> list[Purpose]:
    """Those whose present version nobody has assessed and approved."""
    approved = set(Assessment.objects.filter(approved_at__isnull=False).values_list("purpose", "version"))
    return [one for one in needing() if (one.code, one.version) not in approved]


@transaction.atomic
def assess(purpose: str, *, staff: Person, necessity: str, risks: str, measures: str) -> Assessment:
    """Write an assessment down; it counts when somebody else has approved it. Raises Refused."""
    found = next((one for one in needing() if one.code == purpose), None)
    if found is None:
        raise Refused("unknown_purpose", _("请选择要评估的用途。"), field="purpose")
    texts = {"necessity": necessity.strip(), "risks": risks.strip(), "measures": measures.strip()}
    for name, text in texts.items():
        if not LEAST <= len(text) <= 2000:
            raise Refused("text_length", _("每一项请写 20 到 2000 个字。"), field=name)
    made = Assessment.objects.create(purpose=found.code, version=found.version, made_by=staff.pk, **texts)
    audit.record(AuditEntry.Action.ADD, made, actor=staff.pk, fields=["purpose"], reason=found.code)
    return made


@transaction.atomic
def approve(assessment: UUID, *, staff: Person) -> Assessment:
    """A second person agrees with it. Raises Refused."""
    found = Assessment.objects.select_for_update().filter(pk=assessment).first()
    if found is None or found.approved_at is not None:
        raise Refused("nothing_to_approve", _("这份评估已经批准或不存在，请刷新页面。"), status=409)
    if found.made_by == staff.pk:
        raise Refused("second_person", _("自己写的评估请由另一人批准。"), status=403)
    found.approved_by, found.approved_at = staff.pk, timezone.now()
    found.save(update_fields=["approved_by", "approved_at"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, fields=["approved_by"], reason=found.purpose)
    return found
