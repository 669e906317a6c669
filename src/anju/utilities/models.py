"""Accounts at electricity, water and gas companies, and bills of theirs that were paid here."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.homes.models import CommunityModel
from anju.partners.purposes import UTILITIES
from anju.payments.models import KEPT
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal
from anju.privacy.isolation import Isolation
from anju.privacy.masks import last_four
from anju.privacy.sealed import Sealed


class ServiceKind(models.TextChoices):
    """What a company delivers."""

    ELECTRIC = "electric", _("电费")
    WATER = "water", _("水费")
    GAS = "gas", _("燃气费")


class UtilityAccount(CommunityModel):
    """A resident's account at a company. company: by which the provider knows it."""

    privacy = Declares(
        subject="owner",
        fields={
            "owner": Personal(Category.HOME, UTILITIES, _("户号是谁保存的")),
            "service": Personal(Category.HOME, UTILITIES, _("缴费项目")),
            "company": Personal(Category.HOME, UTILITIES, _("缴费单位")),
            "company_name": Personal(Category.HOME, UTILITIES, _("缴费单位")),
            "made_at": Personal(Category.HOME, UTILITIES, _("户号保存时间")),
        },
    )
    isolation = Isolation(community=None, person="owner")

    owner = models.UUIDField()
    service = models.CharField(_("项目"), max_length=8, choices=ServiceKind)
    company = models.CharField(max_length=40)
    company_name = models.CharField(_("缴费单位"), max_length=80)
    number = Sealed(Category.HOME, purpose=UTILITIES, title=_("户号"), mask=last_four, required=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("缴费户号")
        verbose_name_plural = _("缴费户号")
        ordering = ["made_at"]


class UtilityState(models.TextChoices):
    """ASKED: not paid to us. PAID: paid to us; the company is to get it. REFUSED: it does not, and the payer gets the money back.

    DECLINED: the institution does not give it back; the office does, another way.
    """

    ASKED = "asked", _("待支付")
    PAID = "paid", _("缴费中")
    SETTLED = "settled", _("已缴费")
    REFUSED = "refused", _("未缴成，退款中")
    DECLINED = "declined", _("未缴成，待物业退还")
    RETURNED = "returned", _("未缴成，已退款")


class UtilityBill(CommunityModel):
    """One bill of a company that somebody pays here. No account number stands in it.

    account: from which its number is read when the company is paid. period: the company's own word. theirs: the provider's number, which
    is the receipt's. payment: which paid it.
    """

    privacy = Declares(
        subject="payer",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "payer": Personal(Category.PAYMENT, UTILITIES, _("付款人"), KEPT),
            "service": Personal(Category.PAYMENT, UTILITIES, _("缴费项目"), KEPT),
            "company": Personal(Category.PAYMENT, UTILITIES, _("缴费单位"), KEPT),
            "company_name": Personal(Category.PAYMENT, UTILITIES, _("缴费单位"), KEPT),
            "period": Personal(Category.PAYMENT, UTILITIES, _("账期"), KEPT),
            "amount": Personal(Category.PAYMENT, UTILITIES, _("缴费金额"), KEPT),
            "state": Personal(Category.PAYMENT, UTILITIES, _("缴费结果"), KEPT),
            "theirs": Personal(Category.PAYMENT, UTILITIES, _("缴费凭证号"), KEPT),
            "at": Personal(Category.PAYMENT, UTILITIES, _("缴费时间"), KEPT),
            "settled_at": Personal(Category.PAYMENT, UTILITIES, _("缴费到账时间"), KEPT),
        },
        rest=NotPersonal("random marks of an order"),
    )
    isolation = Isolation(community=None, person="payer")

    payer = models.UUIDField()
    account = models.ForeignKey(UtilityAccount, on_delete=models.SET_NULL, null=True, related_name="+")
    service = models.CharField(_("项目"), max_length=8, choices=ServiceKind)
    company = models.CharField(max_length=40)
    company_name = models.CharField(_("缴费单位"), max_length=80)
    period = models.CharField(_("账期"), max_length=20)
    amount = models.BigIntegerField(_("金额（分）"))
    state = models.CharField(_("状态"), max_length=8, choices=UtilityState, default=UtilityState.ASKED)
    payment = models.UUIDField(null=True, unique=True)
    theirs = models.CharField(_("凭证号"), max_length=64, default="")
    at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("生活缴费")
        verbose_name_plural = _("生活缴费")
        ordering = ["-at"]
        indexes = [models.Index(fields=["asked_at"], condition=Q(state="paid"), name="utility_to_pay")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="utility_amount"),
            models.CheckConstraint(
                condition=Q(state="asked", payment__isnull=True) | ~Q(state="asked") & Q(payment__isnull=False),
                name="utility_payment",
            ),
        ]
