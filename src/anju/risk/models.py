"""What may be dangerous about a movement of money: rules as data, what they said, and what people say to that."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import WALLET
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import shown
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed

KEPT = Retention.THREE_YEARS


class Sign(models.TextChoices):
    """What a rule looks at. Each compares one number with the rule's `most`; money in fen."""

    AMOUNT = "amount", _("单笔金额")
    TOTAL = "total", _("一段时间内的总额")
    COUNT = "count", _("一段时间内的笔数")
    PAYEES = "payees", _("一段时间内的收款人数")
    NEW_DEVICE = "new_device", _("新设备登录后的金额")
    NEW_PASSWORD = "new_password", _("改支付密码后的金额")
    CASH_OUT = "cash_out", _("充值后很快转出的金额")


class Act(models.TextChoices):
    """What a rule does when its number is reached."""

    PROVE = "prove", _("核实本人")
    REFUSE = "refuse", _("拦截")


class Rule(models.Model):
    """kinds: the movements it is about, as the wallet names them. most: from this number on it acts. minutes: how far it looks back."""

    privacy = Declares(rest=NotPersonal("a rule about numbers"))

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sign = models.CharField(_("看什么"), max_length=12, choices=Sign)
    act = models.CharField(_("怎么做"), max_length=6, choices=Act)
    kinds = models.JSONField(_("用于"), default=list)
    most = models.BigIntegerField(_("达到多少"))
    minutes = models.PositiveIntegerField(_("多少分钟内"), default=0)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("风险规则")
        verbose_name_plural = _("风险规则")
        ordering = ["sign", "most"]
        constraints = [models.CheckConstraint(condition=Q(most__gt=0), name="risk_most")]


class Outcome(models.TextChoices):
    ALLOW = "allow", _("放行")
    PROVE = "prove", _("核实本人")
    REFUSE = "refuse", _("拦截")


class Appeal(models.TextChoices):
    NONE = "none", _("无")
    WAITING = "waiting", _("待处理")
    LIFTED = "lifted", _("已解除")
    UPHELD = "upheld", _("维持")


class Verdict(models.Model):
    """What the rules said of one movement, and why. reasons: for each rule that spoke, its sign, its number and what was found.

    lifted_until: staff have lifted it; until then the same rules let this person pass. answer: what staff say to the appeal.
    """

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "kind": Personal(Category.PAYMENT, WALLET, _("被判断的变动类型"), KEPT),
            "amount": Personal(Category.PAYMENT, WALLET, _("被判断的金额"), KEPT),
            "outcome": Personal(Category.PAYMENT, WALLET, _("风险判断结果"), KEPT),
            "reasons": Personal(Category.PAYMENT, WALLET, _("风险判断理由"), KEPT),
            "at": Personal(Category.PAYMENT, WALLET, _("判断时间"), KEPT),
            "appeal": Personal(Category.PAYMENT, WALLET, _("申诉状态"), KEPT),
            "appealed_at": Personal(Category.PAYMENT, WALLET, _("申诉时间"), KEPT),
            "answer": Personal(Category.PAYMENT, WALLET, _("申诉答复"), KEPT),
            "answered_at": Personal(Category.PAYMENT, WALLET, _("答复时间"), KEPT),
            "lifted_until": Personal(Category.PAYMENT, WALLET, _("解除至"), KEPT),
        },
        rest=NotPersonal("an opaque id of staff"),
    )
    isolation = Isolation(community=None, person="person")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.UUIDField(_("当事人"))
    kind = models.CharField(_("类型"), max_length=8)
    amount = models.BigIntegerField(_("金额（分）"))
    outcome = models.CharField(_("结果"), max_length=6, choices=Outcome)
    reasons = models.JSONField(_("理由"), default=list)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    appeal = models.CharField(_("申诉"), max_length=7, choices=Appeal, default=Appeal.NONE)
    plea = Sealed(Category.NOTE, purpose=WALLET, title=_("申诉内容"), mask=shown, retention=KEPT)
    appealed_at = models.DateTimeField(_("申诉时间"), null=True)
    answer = models.CharField(_("答复"), max_length=200, default="")
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    answered_by = models.UUIDField(null=True)
    lifted_until = models.DateTimeField(_("解除至"), null=True)

    class Meta:
        verbose_name = _("风险判断")
        verbose_name_plural = _("风险判断")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["person", "-at"], name="verdict_person"),
            models.Index(fields=["appealed_at"], condition=Q(appeal="waiting"), name="verdict_waiting"),
        ]


class Block(models.Model):
    """Somebody to whom no money goes until it is lifted. why: what staff have found."""

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="ended_at",
        fields={
            "why": Personal(Category.PAYMENT, WALLET, _("限制收款的原因"), KEPT),
            "at": Personal(Category.PAYMENT, WALLET, _("限制收款的时间"), KEPT),
            "ended_at": Personal(Category.PAYMENT, WALLET, _("解除限制的时间"), KEPT),
        },
        rest=NotPersonal("an opaque id of staff"),
    )
    isolation = Isolation(community=None, person="person")

    person = models.UUIDField(_("当事人"))
    why = models.CharField(_("原因"), max_length=200)
    by = models.UUIDField()
    at = models.DateTimeField(_("限制时间"), auto_now_add=True)
    ended_at = models.DateTimeField(_("解除时间"), null=True)

    class Meta:
        verbose_name = _("限制收款")
        verbose_name_plural = _("限制收款")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(ended_at__isnull=True), name="one_block_a_person")
        ]
