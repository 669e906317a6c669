"""Requests that the law lets people make about their data, and how far an erasure has come."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community
from anju.partners.purposes import ACCOUNT
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed

ANSWER_WITHIN = timedelta(days=15)
REMIND_BEFORE = timedelta(days=5)


class RightKind(models.TextChoices):
    """What somebody asks for."""

    ACCESS = "access", _("查阅")
    EXPORT = "export", _("复制与转移")
    CORRECT = "correct", _("更正")
    DELETE = "delete", _("删除")
    EXPLAIN = "explain", _("解释说明")
    RESTRICT = "restrict", _("限制处理")
    CANCEL = "cancel", _("注销账号")


class RightState(models.TextChoices):
    """How far a request has come."""

    RECEIVED = "received", _("待处理")
    WAITING = "waiting", _("等待生效")
    ERASING = "erasing", _("正在删除")
    DONE = "done", _("已完成")
    REFUSED = "refused", _("未予支持")
    TAKEN_BACK = "taken_back", _("已撤回")


class Request(models.Model):
    """One request. Answered by the platform itself where it can, otherwise by staff within fifteen days."""

    OPEN = (RightState.RECEIVED, RightState.WAITING, RightState.ERASING)

    privacy = Declares(
        subject="subject",
        erase=Erase.FIELDS,
        rest=NotPersonal("opaque ids, codes and times: the proof that a request was answered"),
    )
    isolation = Isolation(person="subject")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.UUIDField(_("申请人"), editable=False)
    community = models.ForeignKey(Community, on_delete=models.SET_NULL, null=True, verbose_name=_("小区"))
    kind = models.CharField(_("类型"), max_length=10, choices=RightKind)
    state = models.CharField(_("状态"), max_length=10, choices=RightState, default=RightState.RECEIVED)
    place = models.CharField(_("涉及字段"), max_length=80, blank=True)
    purpose = models.CharField(_("涉及用途"), max_length=40, blank=True)
    text = Sealed(Category.NOTE, purpose=ACCOUNT, title=_("申请内容"), retention=Retention.ACCOUNT)
    answer = Sealed(Category.NOTE, purpose=ACCOUNT, title=_("答复"), retention=Retention.ACCOUNT)
    received_at = models.DateTimeField(_("收到时间"), default=timezone.now)
    due_at = models.DateTimeField(_("最迟答复"))
    carry_out_at = models.DateTimeField(_("生效时间"), null=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True)
    handled_by = models.UUIDField(_("经办人"), null=True)
    reminded_at = models.DateTimeField(_("提醒时间"), null=True)
    escalated_at = models.DateTimeField(_("升级时间"), null=True)

    class Meta:
        verbose_name = _("权利请求")
        verbose_name_plural = _("权利请求")
        ordering = ["due_at"]
        indexes = [models.Index(fields=["state", "due_at"]), models.Index(fields=["subject", "-id"])]
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(kind="cancel", state__in=["waiting", "erasing"]),
                name="one_cancellation_at_a_time",
            )
        ]

    @property
    def overdue(self) -> bool:
        """Whether the answer is late."""
        return self.state == RightState.RECEIVED and self.due_at < timezone.now()


class Step(models.Model):
    """Something that happened to a request."""

    privacy = Declares(rest=NotPersonal("opaque ids, states and times: the record of how a request was handled"))

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(_("状态"), max_length=10, choices=RightState)
    actor = models.UUIDField(_("操作人"), null=True)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("办理过程")
        verbose_name_plural = _("办理过程")
        ordering = ["id"]


class TargetKind(models.TextChoices):
    """Where something lies."""

    ROWS = "rows", _("平台记录")
    KEY = "key", _("个人密钥")
    SESSIONS = "sessions", _("登录状态")
    GATE = "gate", _("门禁设备")
    PARTNER = "partner", _("第三方")


class TargetState(models.TextChoices):
    """Whether it is gone from there."""

    PENDING = "pending", _("待确认")
    CONFIRMED = "confirmed", _("已删除")
    FAILED = "failed", _("需要处理")


class Target(models.Model):
    """One place that a cancellation has to erase, and whether it is sure to be erased there."""

    privacy = Declares(rest=NotPersonal("names of places, counts and states"))

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="targets")
    kind = models.CharField(_("类型"), max_length=10, choices=TargetKind)
    place = models.CharField(_("位置"), max_length=80)
    expected = models.PositiveIntegerField(_("应删除"), default=0)
    left = models.PositiveIntegerField(_("尚余"), default=0)
    state = models.CharField(_("状态"), max_length=10, choices=TargetState, default=TargetState.PENDING)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True)

    class Meta:
        verbose_name = _("删除位置")
        verbose_name_plural = _("删除位置")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["request", "kind", "place"], name="one_target_a_place")]
