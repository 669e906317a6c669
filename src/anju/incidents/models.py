"""An incident, and who was affected by it. No values: places, codes, opaque ids and times."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id

REPORT_WITHIN = timedelta(hours=4)
"""A larger incident is reported to the authority within this time of being found (reporting rules of 2025-11-01)."""


class Incident(models.Model):
    """Something that happened to personal data. Without a community it concerns the whole installation."""

    class Kind(models.TextChoices):
        LEAK = "leak", _("泄露")
        MISUSE = "misuse", _("越权查看")
        TAMPER = "tamper", _("篡改")
        LOSS = "loss", _("丢失")

    class State(models.TextChoices):
        DRAFT = "draft", _("已登记")
        OPEN = "open", _("已查明范围")
        CONFIRMED = "confirmed", _("待批准告知")
        NOTIFIED = "notified", _("已告知")
        REPORTED = "reported", _("已告知并报告")
        CLOSED = "closed", _("已结案")

    class Reported(models.TextChoices):
        PORTAL = "portal", _("主管部门的报送平台")
        PHONE = "phone", _("电话")
        LETTER = "letter", _("书面")
        BELOW = "below", _("经研判未达到报告标准")

    privacy = Declares(
        rest=NotPersonal("places, codes, opaque ids and times; the note is sealed under the incident's own key")
    )
    isolation = Isolation()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    community = models.ForeignKey(
        Community, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("小区")
    )
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    drill = models.BooleanField(_("演练"), default=False)
    found_at = models.DateTimeField(_("发现时间"))
    began = models.DateTimeField(_("开始时间"))
    ended = models.DateTimeField(_("结束时间"))
    actors = models.JSONField(_("涉事人员"), default=list)
    recipients = models.JSONField(_("涉事接收方"), default=list)
    places = models.JSONField(_("涉及的信息"), default=list)
    whole = models.BooleanField(_("存储整体受影响"), default=False)
    note = models.BinaryField(_("内部说明"), null=True, editable=False)
    notice = models.JSONField(_("告知书"), default=dict)
    announcement = models.JSONField(_("公告"), default=dict)
    report = models.JSONField(_("报告"), default=dict)
    opened_by = models.UUIDField(_("登记人"), editable=False)
    prepared_by = models.UUIDField(_("准备人"), null=True, editable=False)
    approved_by = models.UUIDField(_("批准人"), null=True, editable=False)
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    announced_at = models.DateTimeField(_("公告时间"), null=True)
    reported_at = models.DateTimeField(_("报告时间"), null=True)
    reported_by = models.UUIDField(_("报告人"), null=True, editable=False)
    reported_how = models.CharField(_("报告方式"), max_length=10, choices=Reported, blank=True)
    receipt = models.CharField(_("回执编号"), max_length=80, blank=True)
    reminded = models.PositiveSmallIntegerField(_("已提醒"), default=0)
    closed_at = models.DateTimeField(_("结案时间"), null=True)

    class Meta:
        verbose_name = _("安全事件")
        verbose_name_plural = _("安全事件")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ended__gte=F("began")), name="incident_window"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("prepared_by")), name="incident_by_two_people"
            ),
        ]

    @property
    def due(self) -> datetime:
        return self.found_at + REPORT_WITHIN

    @property
    def overdue(self) -> bool:
        """Whether the report should have gone out by now."""
        return self.reported_at is None and not self.drill and timezone.now() > self.due


class Affected(models.Model):
    """One person whom an incident affected, by what, and how they were told."""

    class Told(models.TextChoices):
        NOTICE = "notice", _("应用内通知")
        TEXT = "text", _("应用内通知和短信")
        PUBLIC = "public", _("公告")
        DRILL = "drill", _("演练，未告知")

    privacy = Declares(subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids, places and times: a proof"))
    isolation = Isolation()

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="affected")
    community = models.ForeignKey(Community, on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.UUIDField(_("当事人"))
    places = models.JSONField(_("涉及的信息"), default=list)
    told = models.CharField(_("告知方式"), max_length=10, choices=Told, blank=True)
    told_at = models.DateTimeField(_("告知时间"), null=True)

    class Meta:
        verbose_name = _("受影响的人")
        verbose_name_plural = _("受影响的人")
        constraints = [models.UniqueConstraint(fields=["incident", "subject"], name="one_row_a_person")]
        indexes = [models.Index(fields=["incident"], name="still_to_tell", condition=Q(told_at__isnull=True))]
