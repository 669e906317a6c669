"""The record of an assessment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.privacy.declarations import Declares, NotPersonal
from anju.privacy.models import new_id


class Assessment(models.Model):
    """What one version of one purpose was found to be, by one person, and whether another agrees. Kept for three years at least."""

    privacy = Declares(
        rest=NotPersonal("about a purpose and its risks, not about a person; who assessed is an opaque id")
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(_("用途"), max_length=40)
    version = models.PositiveIntegerField(_("版本"))
    necessity = models.TextField(_("目的与方式是否合法、正当、必要"), max_length=2000)
    risks = models.TextField(_("对个人权益的影响和安全风险"), max_length=2000)
    measures = models.TextField(_("保护措施是否有效并与风险相称"), max_length=2000)
    made_by = models.UUIDField(_("评估人"))
    made_at = models.DateTimeField(_("评估时间"), auto_now_add=True)
    approved_by = models.UUIDField(_("批准人"), null=True)
    approved_at = models.DateTimeField(_("批准时间"), null=True)

    class Meta:
        verbose_name = _("影响评估")
        verbose_name_plural = _("影响评估")
        ordering = ["-id"]
        indexes = [models.Index(fields=["purpose", "version"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=True) | ~models.Q(approved_by=models.F("made_by")),
                name="assessment_by_two_people",
            )
        ]
