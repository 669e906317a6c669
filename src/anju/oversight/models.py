"""What takes two people: seeing more than usual, and taking a list out."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.models import CommunityModel
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation


class Step(models.TextChoices):
    """How far two people have come with what one of them asked for."""

    ASKED = "asked", _("待批准")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("未批准")


class Asked(CommunityModel):
    """Something that one member of staff asks for and another decides on. Ids and codes only: it is a proof."""

    asker = models.UUIDField(_("申请人"), editable=False)
    reason = models.CharField(_("理由"), max_length=10)
    step = models.CharField(_("状态"), max_length=10, choices=Step, default=Step.ASKED)
    at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    decider = models.UUIDField(_("批准人"), null=True, editable=False)
    decided_at = models.DateTimeField(_("批准时间"), null=True)

    class Meta:
        abstract = True
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decider__isnull=True) | ~Q(decider=F("asker")), name="%(class)s_by_two_people"
            )
        ]


class Glass(Asked):
    """Break-glass: for some minutes all that is sealed about one person may be read, each reading on the record."""

    privacy = Declares(subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids, codes and times: a proof"))
    isolation = Isolation()

    subject = models.UUIDField(_("当事人"))
    until = models.DateTimeField(_("有效至"), null=True)

    class Meta(Asked.Meta):
        verbose_name = _("紧急查看")
        verbose_name_plural = _("紧急查看")

    @property
    def live(self) -> bool:
        return self.step == Step.APPROVED and self.until is not None and self.until > timezone.now()


class Export(Asked):
    """A list that leaves the console as a spreadsheet, names masked."""

    class What(models.TextChoices):
        RESIDENTS = "residents", _("住户名册")
        ENTRIES = "entries", _("通行记录")

    privacy = Declares(
        rest=NotPersonal("codes, counters and days; the file is sealed under a key of its own, destroyed after a day")
    )
    isolation = Isolation()

    what = models.CharField(_("内容"), max_length=10, choices=What)
    first_day = models.DateField(_("起始日期"), null=True)
    last_day = models.DateField(_("截止日期"), null=True)
    total = models.PositiveIntegerField(_("行数"), default=0)
    done = models.PositiveIntegerField(_("已生成行数"), default=0)
    file = models.BinaryField(_("文件"), null=True, editable=False)
    made_at = models.DateTimeField(_("生成时间"), null=True)
    downloads = models.PositiveSmallIntegerField(_("下载次数"), default=0)

    class Meta(Asked.Meta):
        verbose_name = _("导出")
        verbose_name_plural = _("导出")

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0
