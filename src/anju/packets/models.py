"""Red packets: money that a resident lays out for others to take within a day."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.homes.models import CommunityModel, Home
from anju.partners.purposes import WALLET
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import shown
from anju.privacy.sealed import Sealed

KEPT = Retention.FIVE_YEARS


class Split(models.TextChoices):
    EQUAL = "equal", _("普通红包")
    LUCKY = "lucky", _("拼手气红包")


class PacketState(models.TextChoices):
    """FUNDING: the sender's money is on its way into it. ENDING: its time is over, the rest is on its way back."""

    FUNDING = "funding", _("待付款")
    FAILED = "failed", _("未发出")
    OPEN = "open", _("可领取")
    EMPTY = "empty", _("已领完")
    ENDING = "ending", _("退回中")
    ENDED = "ended", _("已结束")


class Packet(CommunityModel):
    """home: only its members may take; None: whoever lives in the community and has the link. order: at the institution."""

    ALIVE = (PacketState.OPEN, PacketState.ENDING)

    privacy = Declares(
        subject="sender",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "amount": Personal(Category.PAYMENT, WALLET, _("红包金额"), KEPT),
            "count": Personal(Category.PAYMENT, WALLET, _("红包个数"), KEPT),
            "split": Personal(Category.PAYMENT, WALLET, _("红包类型"), KEPT),
            "state": Personal(Category.PAYMENT, WALLET, _("红包状态"), KEPT),
            "at": Personal(Category.PAYMENT, WALLET, _("发红包时间"), KEPT),
            "until": Personal(Category.PAYMENT, WALLET, _("红包截止时间"), KEPT),
        },
        rest=NotPersonal("random marks of an order"),
    )
    isolation = Isolation(community=None, person="sender")

    sender = models.UUIDField(_("发红包的人"))
    home = models.ForeignKey(Home, on_delete=models.PROTECT, null=True, related_name="+")
    amount = models.BigIntegerField(_("金额（分）"))
    count = models.PositiveSmallIntegerField(_("个数"))
    split = models.CharField(_("类型"), max_length=5, choices=Split)
    greeting = Sealed(Category.MESSAGE, purpose=WALLET, title=_("红包祝福语"), mask=shown, retention=KEPT)
    state = models.CharField(_("状态"), max_length=7, choices=PacketState, default=PacketState.FUNDING)
    order = models.CharField(_("订单号"), max_length=32, default="")
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    until = models.DateTimeField(_("截止时间"), null=True)

    class Meta:
        verbose_name = _("红包")
        verbose_name_plural = _("红包")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["until"], condition=Q(state__in=["open", "ending"]), name="packet_alive"),
            models.Index(fields=["sender", "-at"], name="packet_sender"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1, count__lte=100), name="packet_count"),
            models.CheckConstraint(condition=Q(amount__gte=models.F("count")), name="packet_amount"),
        ]


class ShareState(models.TextChoices):
    """TAKING, BACK: on its way, to whoever took it or back to the sender."""

    FREE = "free", _("未领")
    TAKING = "taking", _("到账中")
    TAKEN = "taken", _("已领")
    BACK = "back", _("退回中")
    RETURNED = "returned", _("已退回")


class Share(CommunityModel):
    """One share. person: who took it. movement: the one that carries it."""

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "amount": Personal(Category.PAYMENT, WALLET, _("领到的金额"), KEPT),
            "state": Personal(Category.PAYMENT, WALLET, _("领取状态"), KEPT),
            "at": Personal(Category.PAYMENT, WALLET, _("领取时间"), KEPT),
        },
        rest=NotPersonal("a place in a queue"),
    )
    isolation = Isolation(community=None, person="person")

    packet = models.ForeignKey(Packet, on_delete=models.CASCADE, related_name="shares")
    place = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(_("金额（分）"))
    state = models.CharField(_("状态"), max_length=8, choices=ShareState, default=ShareState.FREE)
    person = models.UUIDField(_("领取人"), null=True)
    movement = models.UUIDField(null=True)
    at = models.DateTimeField(_("领取时间"), null=True)

    class Meta:
        verbose_name = _("红包份额")
        verbose_name_plural = _("红包份额")
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["packet", "place"], name="one_share_a_place"),
            models.UniqueConstraint(
                fields=["packet", "person"], condition=Q(person__isnull=False), name="one_share_a_person"
            ),
            models.CheckConstraint(condition=Q(amount__gte=1), name="share_amount"),
        ]
