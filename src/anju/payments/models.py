"""Money on its way to us through a payment institution, and back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community, CommunityModel
from anju.partners.purposes import PAYING
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import shown
from anju.privacy.sealed import Sealed

KEPT = Retention.FIVE_YEARS
"""The E-Commerce Law (Art. 31) asks for three after the last of it: a refund goes with its payment."""


class Through(models.TextChoices):
    """By which institution somebody pays."""

    WECHAT_PAY = "wechat_pay", _("微信支付")
    ALIPAY = "alipay", _("支付宝")
    UNIONPAY = "unionpay", _("云闪付")
    WALLET = "wallet", _("我的钱包")


class PaymentState(models.TextChoices):
    """CREATED: the institution has not confirmed that it knows the order."""

    CREATED = "created", _("正在下单")
    WAITING = "waiting", _("待支付")
    PAID = "paid", _("已支付")
    CLOSED = "closed", _("已关闭")


class RefundState(models.TextChoices):
    """SENT: asked for; whether the institution has it is not known yet. FAILED: declined for good, and owed still.

    AGAIN: declined; another refund stands for it since. OTHER: declined, and given back another way since.
    """

    SENT = "sent", _("已申请")
    WAITING = "waiting", _("退款中")
    DONE = "done", _("已退款")
    FAILED = "failed", _("退款未成")
    AGAIN = "again", _("已重新申请")
    OTHER = "other", _("已另行退还")


class Payment(CommunityModel):
    """One order at an institution. kind, thing: what it is for, as the room that asked names it.

    number: ours at the institution. theirs: its own. opens: the address that the payer scans or opens. asked_at: when we last
    asked what became of it.
    """

    OPEN = (PaymentState.CREATED, PaymentState.WAITING)

    privacy = Declares(
        subject="payer",
        erase=Erase.BY_LAW,
        age="created_at",
        fields={
            "payer": Personal(Category.PAYMENT, PAYING, _("付款人"), KEPT),
            "through": Personal(Category.PAYMENT, PAYING, _("支付方式"), KEPT),
            "amount": Personal(Category.PAYMENT, PAYING, _("支付金额"), KEPT),
            "state": Personal(Category.PAYMENT, PAYING, _("支付结果"), KEPT),
            "kind": Personal(Category.PAYMENT, PAYING, _("支付事由"), KEPT),
            "theirs": Personal(Category.PAYMENT, PAYING, _("支付机构的交易号"), KEPT),
            "created_at": Personal(Category.PAYMENT, PAYING, _("下单时间"), KEPT),
            "paid_at": Personal(Category.PAYMENT, PAYING, _("支付时间"), KEPT),
        },
        rest=NotPersonal("random marks of an order"),
    )
    isolation = Isolation(person="payer")

    payer = models.UUIDField(_("付款人"))
    through = models.CharField(_("支付方式"), max_length=12, choices=Through)
    number = models.CharField(_("订单号"), max_length=32, unique=True)
    amount = models.BigIntegerField(_("金额（分）"))
    title = models.CharField(_("标题"), max_length=40)
    kind = models.CharField(_("事由"), max_length=20)
    thing = models.UUIDField()
    state = models.CharField(_("状态"), max_length=7, choices=PaymentState, default=PaymentState.CREATED)
    opens = models.TextField(default="")
    theirs = models.CharField(_("机构交易号"), max_length=64, default="")
    created_at = models.DateTimeField(_("下单时间"), auto_now_add=True)
    until = models.DateTimeField(_("截止时间"))
    asked_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(_("支付时间"), null=True)

    class Meta:
        verbose_name = _("线上付款")
        verbose_name_plural = _("线上付款")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["until"], condition=Q(state__in=["created", "waiting"]), name="payment_open"),
            models.Index(fields=["through", "paid_at"], name="payment_paid"),
            models.Index(fields=["kind", "thing"], name="payment_thing"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount"),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False) | ~Q(state="paid") & Q(paid_at__isnull=True),
                name="payment_paid_at",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Refund(CommunityModel):
    """Money that goes back the way it came. reason: a code. asked_at: when we last asked what became of it. done_at: when it had gone back, whichever way."""

    OPEN = (RefundState.SENT, RefundState.WAITING)
    BACK = (RefundState.DONE, RefundState.OTHER)

    privacy = Declares(
        subject="payer",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "payer": Personal(Category.PAYMENT, PAYING, _("付款人"), KEPT),
            "amount": Personal(Category.PAYMENT, PAYING, _("退款金额"), KEPT),
            "state": Personal(Category.PAYMENT, PAYING, _("退款结果"), KEPT),
            "reason": Personal(Category.PAYMENT, PAYING, _("退款原因"), KEPT),
            "at": Personal(Category.PAYMENT, PAYING, _("申请退款时间"), KEPT),
            "done_at": Personal(Category.PAYMENT, PAYING, _("退款时间"), KEPT),
        },
        rest=NotPersonal("random marks of an order"),
    )
    isolation = Isolation(person="payer")

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="refunds")
    payer = models.UUIDField()
    number = models.CharField(_("退款单号"), max_length=32, unique=True)
    amount = models.BigIntegerField(_("金额（分）"))
    reason = models.CharField(_("原因"), max_length=20)
    state = models.CharField(_("状态"), max_length=7, choices=RefundState, default=RefundState.SENT)
    at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    asked_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(_("退款时间"), null=True)

    class Meta:
        verbose_name = _("退款")
        verbose_name_plural = _("退款")
        ordering = ["-at"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount")]

    def __str__(self) -> str:
        return self.number


class Spending(models.TextChoices):
    """What somebody counts a payment towards."""

    HOME = "home", _("居家")
    CAR = "car", _("车辆")
    SHOPPING = "shopping", _("购物")
    FAMILY = "family", _("家人")
    OTHER = "other", _("其他")


class Remark(CommunityModel):
    """What a payer makes of one of their payments. tags: separated by spaces."""

    privacy = Declares(
        subject="payer",
        fields={
            "payer": Personal(Category.PAYMENT, PAYING, _("付款人")),
            "category": Personal(Category.PAYMENT, PAYING, _("账单分类")),
        },
    )
    isolation = Isolation(community=None, person="payer")

    payment = models.OneToOneField(Payment, on_delete=models.CASCADE, related_name="remark")
    payer = models.UUIDField()
    category = models.CharField(_("分类"), max_length=8, choices=Spending)
    tags = Sealed(Category.NOTE, purpose=PAYING, title=_("账单标签"), mask=shown)
    note = Sealed(Category.NOTE, purpose=PAYING, title=_("账单备注"), mask=shown)

    class Meta:
        verbose_name = _("账单备注")
        verbose_name_plural = _("账单备注")


class Statement(models.Model):
    """An institution's statement of one day, compared. lines: how many it had."""

    privacy = Declares(rest=NotPersonal("sums of a day"))
    isolation = Isolation(community=None)

    through = models.CharField(_("支付方式"), max_length=12, choices=Through)
    day = models.DateField(_("日期"))
    lines = models.PositiveIntegerField(_("笔数"), default=0)
    received = models.BigIntegerField(_("收款（分）"), default=0)
    returned = models.BigIntegerField(_("退款（分）"), default=0)
    fees = models.BigIntegerField(_("手续费（分）"), default=0)
    compared_at = models.DateTimeField(_("对账时间"))

    class Meta:
        verbose_name = _("对账单")
        verbose_name_plural = _("对账单")
        ordering = ["-day", "through"]
        constraints = [models.UniqueConstraint(fields=["through", "day"], name="one_statement_a_day")]


class Difference(models.Model):
    """One order that our books and the institution's statement tell differently, until somebody has cleared it up.

    ours, theirs: fen; None where that side knows nothing of it. community: whose order it is; None: not one of ours.
    """

    class Kind(models.TextChoices):
        ONLY_OURS = "only_ours", _("机构账单没有")
        ONLY_THEIRS = "only_theirs", _("本平台没有")
        AMOUNT = "amount", _("金额不同")

    privacy = Declares(rest=NotPersonal("an order's number and amounts"))
    isolation = Isolation()

    community = models.ForeignKey(Community, on_delete=models.CASCADE, null=True, verbose_name=_("小区"))
    through = models.CharField(_("支付方式"), max_length=12, choices=Through)
    day = models.DateField(_("日期"))
    number = models.CharField(_("订单号"), max_length=64)
    refund = models.CharField(_("退款单号"), max_length=64, default="")
    kind = models.CharField(_("差异"), max_length=11, choices=Kind)
    ours = models.BigIntegerField(_("本平台（分）"), null=True)
    theirs = models.BigIntegerField(_("机构（分）"), null=True)
    found_at = models.DateTimeField(_("发现时间"), auto_now_add=True)
    cleared_at = models.DateTimeField(_("处理时间"), null=True)
    cleared_by = models.UUIDField(null=True)
    note = models.CharField(_("处理说明"), max_length=200, default="")

    class Meta:
        verbose_name = _("对账差异")
        verbose_name_plural = _("对账差异")
        ordering = ["-found_at"]
        constraints = [
            models.UniqueConstraint(fields=["through", "day", "number", "refund"], name="one_difference_a_line")
        ]
