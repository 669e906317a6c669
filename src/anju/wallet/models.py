"""A resident's wallet: a mirror of their account at a licensed institution, the bank cards bound to it, and each movement asked of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import WALLET
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id

KEPT = Retention.FIVE_YEARS


class Level(models.TextChoices):
    """How well the institution knows the holder, as the central bank counts it (2015 No. 43)."""

    ONE = "V1", _("Ⅰ类")
    TWO = "V2", _("Ⅱ类")
    THREE = "V3", _("Ⅲ类")


class WalletState(models.TextChoices):
    OPEN = "open", _("正常")
    FROZEN = "frozen", _("已冻结")
    """By staff: nothing goes out but back to the holder's own card."""
    CLOSING = "closing", _("关闭中")
    """The institution was asked to close it, and has not said whether it did."""
    CLOSED = "closed", _("已关闭")


class Wallet(models.Model):
    """One holder's account at the institution. password: a hash. wrong: how many times in a row it was wrong. account: in the books."""

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="closed_at",
        fields={
            "level": Personal(Category.PAYMENT, WALLET, _("钱包等级"), KEPT),
            "state": Personal(Category.PAYMENT, WALLET, _("钱包状态"), KEPT),
            "password": Personal(Category.CREDENTIAL, WALLET, _("支付密码（仅存哈希）"), KEPT),
            "password_at": Personal(Category.PAYMENT, WALLET, _("支付密码设置时间"), KEPT),
            "wrong": NotPersonal("a count against guessing"),
            "locked_until": NotPersonal("a time against guessing"),
            "opened_at": Personal(Category.PAYMENT, WALLET, _("开通时间"), KEPT),
            "closed_at": Personal(Category.PAYMENT, WALLET, _("关闭时间"), KEPT),
        },
        rest=NotPersonal("an opaque id of the books"),
    )
    isolation = Isolation(community=None, person="person")

    person = models.UUIDField(_("持有人"), primary_key=True)
    account = models.UUIDField(unique=True)
    level = models.CharField(_("等级"), max_length=2, choices=Level, default=Level.TWO)
    state = models.CharField(_("状态"), max_length=7, choices=WalletState, default=WalletState.OPEN)
    password = models.CharField(max_length=200)
    password_at = models.DateTimeField(_("支付密码设置时间"))
    wrong = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(_("开通时间"), auto_now_add=True)
    closed_at = models.DateTimeField(_("关闭时间"), null=True)

    class Meta:
        verbose_name = _("钱包")
        verbose_name_plural = _("钱包")


class Asked(models.TextChoices):
    """What an application that waits for the bank's code is for. OPEN: an account with its first card."""

    OPEN = "open", _("开通")
    BIND = "bind", _("绑卡")
    PASSWORD = "password", _("找回支付密码")


class Binding(models.Model):
    """An application that waits for the bank's code. token: the institution's. password: the hash that a new wallet gets."""

    privacy = Declares(
        subject="person",
        age="at",
        fields={
            "last4": Personal(Category.PAYMENT, WALLET, _("待绑定银行卡的末四位"), Retention.ONE_DAY),
            "at": Personal(Category.PAYMENT, WALLET, _("申请绑卡时间"), Retention.ONE_DAY),
            "password": Personal(Category.CREDENTIAL, WALLET, _("支付密码（仅存哈希）"), Retention.ONE_DAY),
        },
        rest=NotPersonal("random marks of an application"),
    )
    isolation = Isolation(community=None, person="person")

    person = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=32)
    token = models.CharField(max_length=64)
    asked = models.CharField(max_length=8, choices=Asked)
    last4 = models.CharField(max_length=4)
    password = models.CharField(max_length=200, default="")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("绑卡申请")
        verbose_name_plural = _("绑卡申请")


class Card(models.Model):
    """A bank card: by the institution's agreement and its last four digits; its number is nowhere here."""

    privacy = Declares(
        subject="person",
        fields={
            "person": Personal(Category.PAYMENT, WALLET, _("银行卡的持有人")),
            "agreement": Personal(Category.PAYMENT, WALLET, _("绑卡协议号")),
            "bank": Personal(Category.PAYMENT, WALLET, _("开户银行")),
            "last4": Personal(Category.PAYMENT, WALLET, _("银行卡末四位")),
            "bound_at": Personal(Category.PAYMENT, WALLET, _("绑定时间")),
        },
    )
    isolation = Isolation(community=None, person="person")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.UUIDField(_("持有人"))
    agreement = models.CharField(max_length=32)
    bank = models.CharField(_("银行"), max_length=40)
    last4 = models.CharField(_("末四位"), max_length=4)
    bound_at = models.DateTimeField(_("绑定时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("银行卡")
        verbose_name_plural = _("银行卡")
        ordering = ["bound_at"]
        constraints = [models.UniqueConstraint(fields=["person", "agreement"], name="one_row_a_card")]


class MovementKind(models.TextChoices):
    TOP_UP = "top_up", _("充值")
    WITHDRAW = "withdraw", _("提现")
    TRANSFER = "transfer", _("转账")
    PAY = "pay", _("付款")
    PACKET = "packet", _("发红包")
    SHARE = "share", _("领红包")
    UNTAKEN = "untaken", _("红包退回")


class MovementState(models.TextChoices):
    """CODE: the bank waits for the code that it has sent. ASKED: what the institution did is not known yet."""

    ASKED = "asked", _("处理中")
    CODE = "code", _("待输入验证码")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未成功")


class Movement(models.Model):
    """One thing asked of the institution. person: whose money it is. payee: to which other holder it goes.

    wish: by which whoever asked tells one wish said twice from two. number: its own. order: the institution's order it belongs to: a payment's, or the packet's; its own number otherwise.
    card: the card's last four digits, where a card is in it. by_card: paid from the card, not from the balance. reason: a code,
    why it failed. thing: the payment or the packet.
    """

    OPEN = (MovementState.ASKED, MovementState.CODE)

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "payee": Personal(Category.PAYMENT, WALLET, _("收款人"), KEPT),
            "kind": Personal(Category.PAYMENT, WALLET, _("变动类型"), KEPT),
            "amount": Personal(Category.PAYMENT, WALLET, _("变动金额"), KEPT),
            "card": Personal(Category.PAYMENT, WALLET, _("所用银行卡的末四位"), KEPT),
            "by_card": Personal(Category.PAYMENT, WALLET, _("是否用银行卡付款"), KEPT),
            "state": Personal(Category.PAYMENT, WALLET, _("变动结果"), KEPT),
            "reason": Personal(Category.PAYMENT, WALLET, _("未成功的原因"), KEPT),
            "at": Personal(Category.PAYMENT, WALLET, _("变动时间"), KEPT),
            "done_at": Personal(Category.PAYMENT, WALLET, _("完成时间"), KEPT),
        },
        rest=NotPersonal("random marks of an order"),
    )
    isolation = Isolation(community=None, person="person")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.UUIDField(_("持有人"))
    payee = models.UUIDField(_("收款人"), null=True)
    kind = models.CharField(_("类型"), max_length=8, choices=MovementKind)
    number = models.CharField(_("流水号"), max_length=32, unique=True)
    order = models.CharField(_("订单号"), max_length=32, db_index=True)
    amount = models.BigIntegerField(_("金额（分）"))
    card = models.CharField(_("银行卡"), max_length=4, default="")
    by_card = models.BooleanField(default=False)
    thing = models.UUIDField(null=True)
    wish = models.UUIDField(null=True)
    state = models.CharField(_("状态"), max_length=6, choices=MovementState, default=MovementState.ASKED)
    token = models.CharField(max_length=64, default="")
    reason = models.CharField(max_length=30, default="")
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    asked_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(_("完成时间"), null=True)

    class Meta:
        verbose_name = _("钱包变动")
        verbose_name_plural = _("钱包变动")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["at"], condition=Q(state__in=["asked", "code"]), name="movement_open"),
            models.Index(fields=["person", "-at"], name="movement_person"),
            models.Index(fields=["payee", "-at"], condition=Q(payee__isnull=False), name="movement_payee"),
            models.Index(fields=["thing"], condition=Q(thing__isnull=False), name="movement_thing"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_amount"),
            models.UniqueConstraint(
                fields=["thing"],
                condition=Q(kind="pay", state__in=["asked", "code", "done"]),
                name="paid_once",
            ),
            models.UniqueConstraint(
                fields=["person", "wish"], condition=Q(wish__isnull=False), name="one_movement_a_wish"
            ),
        ]


class Gap(models.Model):
    """One day on which a holder's account at the institution and the mirror say something different, until somebody has cleared it up.

    number: the movement that one side has and the other has not; empty where the balances differ. ours, theirs: fen.
    """

    privacy = Declares(
        subject="person",
        erase=Erase.BY_LAW,
        age="found_at",
        fields={
            "day": Personal(Category.PAYMENT, WALLET, _("对账日期"), KEPT),
            "ours": Personal(Category.PAYMENT, WALLET, _("本平台记录的金额"), KEPT),
            "theirs": Personal(Category.PAYMENT, WALLET, _("存管机构记录的金额"), KEPT),
            "found_at": Personal(Category.PAYMENT, WALLET, _("发现时间"), KEPT),
        },
        rest=NotPersonal("how it was cleared up"),
    )
    isolation = Isolation(community=None, person="person")

    person = models.UUIDField(_("持有人"))
    day = models.DateField(_("日期"))
    number = models.CharField(_("流水号"), max_length=64, default="")
    ours = models.BigIntegerField(_("本平台（分）"))
    theirs = models.BigIntegerField(_("存管机构（分）"))
    found_at = models.DateTimeField(_("发现时间"), auto_now_add=True)
    cleared_at = models.DateTimeField(_("处理时间"), null=True)
    cleared_by = models.UUIDField(null=True)
    note = models.CharField(_("处理说明"), max_length=200, default="")

    class Meta:
        verbose_name = _("存管差异")
        verbose_name_plural = _("存管差异")
        ordering = ["-found_at"]
        constraints = [models.UniqueConstraint(fields=["person", "day", "number"], name="one_gap_a_line")]
