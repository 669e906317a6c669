"""What takes two people, or three: seeing more than usual, taking a list out, handing something to an authority."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community, CommunityModel
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation

WAITS = timedelta(days=1)
"""How long a request waits for a second person."""


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

    @property
    def stale(self) -> bool:
        """Whether nobody decided in time: what was urgent then is asked for anew."""
        return self.step == Step.ASKED and self.at < timezone.now() - WAITS

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


MADE_WITHIN = timedelta(minutes=15)


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
    def stuck(self) -> bool:
        """Whether it should have been made by now."""
        late = self.decided_at is not None and self.decided_at < timezone.now() - MADE_WITHIN
        return self.step == Step.APPROVED and self.made_at is None and late

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


class Disclosure(CommunityModel):
    """What an authority asked for by law: by which paper, about whom, which fields, and which two people agreed."""

    class State(models.TextChoices):
        ASKED = "asked", _("待第一人批准")
        SECONDED = "seconded", _("待第二人批准")
        APPROVED = "approved", _("已批准，待生成")
        PRODUCED = "produced", _("已生成")
        HANDED = "handed", _("已取走")
        REFUSED = "refused", _("未批准")

    privacy = Declares(
        rest=NotPersonal(
            "names of authorities and papers, opaque ids; both files are sealed under the request's own key"
        )
    )
    isolation = Isolation()

    asker = models.UUIDField(_("登记人"), editable=False)
    at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ASKED)
    authority = models.CharField(_("调取机关"), max_length=80)
    basis = models.CharField(_("法律依据"), max_length=200)
    number = models.CharField(_("文书编号"), max_length=80)
    document = models.BinaryField(_("文书"), editable=False)
    document_kind = models.CharField(_("文书格式"), max_length=4)
    places = models.JSONField(_("提供的信息"), default=list)
    first_day = models.DateField(_("起始日期"), null=True)
    last_day = models.DateField(_("截止日期"), null=True)
    silent_until = models.DateField(_("依法不告知至"), null=True)
    silent_basis = models.CharField(_("不告知的依据"), max_length=200, blank=True)
    first = models.UUIDField(_("第一批准人"), null=True, editable=False)
    second = models.UUIDField(_("第二批准人"), null=True, editable=False)
    decided_at = models.DateTimeField(_("批准时间"), null=True)
    file = models.BinaryField(_("文件"), null=True, editable=False)
    produced_at = models.DateTimeField(_("生成时间"), null=True)

    class Meta:
        verbose_name = _("依法提供")
        verbose_name_plural = _("依法提供")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(first__isnull=True) | ~Q(first=F("asker")), name="disclosure_first"),
            models.CheckConstraint(
                condition=Q(second__isnull=True) | (~Q(second=F("asker")) & ~Q(second=F("first"))),
                name="disclosure_by_three_people",
            ),
        ]


class Disclosed(models.Model):
    """One person whom a disclosure is about, and when they were told of it."""

    privacy = Declares(subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids and times: a proof"))
    isolation = Isolation()

    disclosure = models.ForeignKey(Disclosure, on_delete=models.CASCADE, related_name="people")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="+")
    subject = models.UUIDField(_("当事人"))
    told_at = models.DateTimeField(_("告知时间"), null=True)

    class Meta:
        verbose_name = _("被提供信息的人")
        verbose_name_plural = _("被提供信息的人")
        constraints = [models.UniqueConstraint(fields=["disclosure", "subject"], name="one_row_a_disclosed_person")]


class Published(CommunityModel):
    """A finished week's figures as they may be shown; small cells are not in them."""

    privacy = Declares(rest=NotPersonal("figures that at least ten people are behind"))
    isolation = Isolation()

    week = models.DateField(_("周"))
    tables = models.JSONField(_("统计表"))
    at = models.DateTimeField(_("计算时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("统计")
        verbose_name_plural = _("统计")
        constraints = [models.UniqueConstraint(fields=["community", "week"], name="one_publication_a_week")]


class PseudonymKey(models.Model):
    """What this month's pseudonyms are made with; destroyed when the month is over."""

    privacy = Declares(rest=NotPersonal("a key of the platform's, sealed"))

    month = models.CharField(_("月份"), max_length=7, unique=True)
    key = models.BinaryField(_("密钥"), editable=False)

    class Meta:
        verbose_name = _("化名密钥")
        verbose_name_plural = _("化名密钥")
