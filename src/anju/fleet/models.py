"""What keeps a community's gates in order: how they are run, agreed on by two people, and what is wrong with them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.access.models import Gate
from anju.homes.models import CommunityModel
from anju.oversight.models import Asked
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation


class ModeChange(Asked):
    """That a gate is to be locked, to stand open or to be run normally again.

    emergency: one person let it stand open at once, for a fire; another countersigns afterwards.
    """

    class Why(models.TextChoices):
        FIRE = "fire", _("火情或疏散")
        SAFETY = "safety", _("治安或险情")
        WORKS = "works", _("维修施工")
        OVER = "over", _("已恢复正常")

    privacy = Declares(erase=Erase.KEEP, rest=NotPersonal("opaque ids, codes and times: a proof"))
    isolation = Isolation()

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="mode_changes", verbose_name=_("门禁"))
    mode = models.CharField(_("运行模式"), max_length=10, choices=Gate.Mode)
    emergency = models.BooleanField(_("紧急先行"), default=False)
    carried_out_at = models.DateTimeField(_("执行时间"), null=True)

    class Meta(Asked.Meta):
        verbose_name = _("门禁运行模式变更")
        verbose_name_plural = _("门禁运行模式变更")

    @property
    def stale(self) -> bool:
        """What has been done already waits for its second signature as long as it takes."""
        return not self.emergency and super().stale


class Alarm(CommunityModel):
    """Something is wrong with a gate, until somebody has seen to it."""

    class Kind(models.TextChoices):
        FORCED = "forced", _("门被强行打开")
        HELD_OPEN = "held_open", _("门长时间未关")
        TAMPER = "tamper", _("机箱被打开")
        STORE = "store", _("存储空间不足，无法写入")
        OFFLINE = "offline", _("门禁失去联系")
        CLOCK = "clock", _("门禁时间不准")
        SUSPECT = "suspect", _("删除回执存疑")
        FLOOD = "flood", _("记录异常频繁")

    class State(models.TextChoices):
        OPEN = "open", _("未处理")
        SEEN = "seen", _("处理中")
        CLOSED = "closed", _("已处理")

    privacy = Declares(rest=NotPersonal("equipment and its state, and which member of staff saw to it"))
    isolation = Isolation()

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="alarms", verbose_name=_("门禁"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField(_("开始时间"))
    over_at = models.DateTimeField(_("恢复时间"), null=True)
    event = models.UUIDField(_("最近的事件编号"), null=True, help_text=_("门禁给出的编号，同一事件只计一次"))
    times = models.PositiveIntegerField(_("次数"), default=1)
    seen_by = models.UUIDField(_("接手人"), null=True)
    closed_by = models.UUIDField(_("处理人"), null=True)
    closed_at = models.DateTimeField(_("处理时间"), null=True)
    word = models.CharField(_("处理说明"), max_length=200, blank=True, help_text=_("请勿填写个人信息"))

    class Meta:
        verbose_name = _("门禁报警")
        verbose_name_plural = _("门禁报警")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["gate", "kind"], condition=~Q(state="closed"), name="one_alarm_of_a_kind"),
            models.CheckConstraint(condition=~Q(state="closed") | ~Q(word=""), name="closed_with_a_word"),
        ]
        indexes = [models.Index(fields=["community", "-at"])]
