"""What homes are asked to pay, what they have paid, and by whom it was taken."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anju.billing.amounts import LateFee, Tier
from anju.billing.purposes import METERS
from anju.homes.models import Community, CommunityModel, Home
from anju.partners.paying import Shown
from anju.partners.purposes import PAYING
from anju.payments.models import Refund
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.sealed import Sealed

OF_A_HOME = "what a home owes: no person stands in it, and it outlives who lives there"
KEPT = Retention.FIVE_YEARS


class Basis(models.TextChoices):
    """What an item's amount is counted from."""

    AREA = "area", _("按面积（元/平方米）")
    FIXED = "fixed", _("每户定额（元）")
    METER = "meter", _("按表计量（元/单位）")
    TIERED = "tiered", _("按表阶梯计价")
    SHARED = "shared", _("总额按面积分摊")


class FeeItem(CommunityModel):
    """Something homes pay for. homes: which; none named: all of the community.

    months: how many a bill covers. due_days: after issuing. late_*: see amounts.LateFee. daily_most: units a home uses in a day.
    """

    privacy = Declares(rest=NotPersonal("a price list"))
    isolation = Isolation()

    name = models.CharField(_("收费项目"), max_length=30)
    basis = models.CharField(_("计费方式"), max_length=6, choices=Basis)
    months = models.PositiveSmallIntegerField(
        _("每期月数"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    due_days = models.PositiveSmallIntegerField(_("出账后几天到期"), default=30)
    late_rate = models.DecimalField(
        _("滞纳金日率（万分之）"), max_digits=6, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    late_grace = models.PositiveSmallIntegerField(_("到期后宽限天数"), default=0)
    late_cap = models.PositiveSmallIntegerField(_("滞纳金上限（占本金百分之）"), default=30)
    homes = models.ManyToManyField(Home, blank=True, related_name="+", verbose_name=_("适用房屋（不选为全部）"))
    parking = models.BooleanField(_("用于月租停车（按月单价）"), default=False)
    daily_most = models.DecimalField(
        _("每天用量上限"),
        max_digits=9,
        decimal_places=3,
        default=100,
        validators=[MinValueValidator(0)],
        help_text=_("采集器报来的读数，日均用量超过它的先等人核对"),
    )
    ended = models.BooleanField(_("停用"), default=False)

    class Meta:
        verbose_name = _("收费项目")
        verbose_name_plural = _("收费项目")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="one_fee_item_a_name"),
            models.UniqueConstraint(
                fields=["community"], condition=Q(parking=True, ended=False), name="one_parking_item"
            ),
            models.CheckConstraint(condition=Q(parking=False) | Q(basis="fixed"), name="parking_by_month"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def late(self) -> LateFee:
        return LateFee(self.late_rate, self.late_grace, self.late_cap)


class Tariff(CommunityModel):
    """An item's price from a day on. price: yuan a unit. tiers: [["180", "2.07"], …, ["", "6.06"]], units within a calendar year."""

    privacy = Declares(rest=NotPersonal("a price list"))
    isolation = Isolation()

    item = models.ForeignKey(FeeItem, on_delete=models.CASCADE, related_name="tariffs", verbose_name=_("收费项目"))
    since = models.DateField(_("生效日期"))
    price = models.DecimalField(
        _("单价（元）"), max_digits=12, decimal_places=4, default=0, validators=[MinValueValidator(0)]
    )
    tiers = models.JSONField(_("阶梯"), default=list, blank=True)

    class Meta:
        verbose_name = _("价格")
        verbose_name_plural = _("价格")
        ordering = ["item", "-since"]
        constraints = [models.UniqueConstraint(fields=["item", "since"], name="one_tariff_a_day")]

    def __str__(self) -> str:
        return f"{self.item} {self.since}"

    def steps(self) -> list[Tier]:
        return [Tier(Decimal(upto) if upto else None, Decimal(price)) for upto, price in self.tiers]


class Meter(CommunityModel):
    """A home's meter for an item."""

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="meters", verbose_name=_("房屋"))
    item = models.ForeignKey(FeeItem, on_delete=models.CASCADE, related_name="meters", verbose_name=_("收费项目"))
    serial = models.CharField(_("表号"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("表具")
        verbose_name_plural = _("表具")
        constraints = [models.UniqueConstraint(fields=["home", "item"], name="one_meter_a_home_and_item")]
        indexes = [models.Index(fields=["community", "serial"], condition=~Q(serial=""), name="meters_by_serial")]

    def __str__(self) -> str:
        return f"{self.home} {self.item}"


class Collector(CommunityModel):
    """Equipment that gathers a building's meters (采集器), or a meter maker's platform: it reports what they show.

    item: of whose meters alone it may speak; None: of every item's. digest: of its key, which is shown once; None: it was removed.
    quiet_hours: staff are told after so many without a word. last: what became of its last batch (reported.Tally).
    """

    privacy = Declares(rest=NotPersonal("equipment and its state"))
    isolation = Isolation()

    name = models.CharField(_("名称"), max_length=40)
    item = models.ForeignKey(FeeItem, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("收费项目"))
    quiet_hours = models.PositiveSmallIntegerField(
        _("多少小时没有上报时提醒"), default=26, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )
    digest = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    added_at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    seen_at = models.DateTimeField(_("最近上报"), null=True, editable=False)
    last = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("采集器")
        verbose_name_plural = _("采集器")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], condition=Q(digest__isnull=False), name="one_collector_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Reading(CommunityModel):
    """What a meter showed on a day. start: the first of a new meter, from which it counts. by: whoever read it, or None for a device.

    collector, at: which device, and when in the day; the day's last stands.
    """

    class How(models.TextChoices):
        HAND = "hand", _("人工抄表")
        SHEET = "sheet", _("表格导入")
        DEVICE = "device", _("设备上报")

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="readings", verbose_name=_("表具"))
    day = models.DateField(_("抄表日期"))
    value = models.DecimalField(_("读数"), max_digits=12, decimal_places=3, validators=[MinValueValidator(0)])
    start = models.BooleanField(_("新表起度"), default=False)
    how = models.CharField(_("方式"), max_length=6, choices=How, default=How.HAND)
    by = models.UUIDField(null=True)
    collector = models.ForeignKey(
        Collector, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("采集器")
    )
    at = models.DateTimeField(_("上报的时刻"), null=True)

    class Meta:
        verbose_name = _("抄表记录")
        verbose_name_plural = _("抄表记录")
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["meter", "day"], name="one_reading_a_day")]


class Reported(CommunityModel):
    """A reading as a collector sent it: so that one sent twice is taken once, and an unlikely one waits for a person.

    digest: of the collector's own id for it. meter, value, read_at: only while it waits.
    """

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    collector = models.ForeignKey(Collector, on_delete=models.CASCADE, related_name="reported")
    digest = models.BinaryField(max_length=32)
    meter = models.OneToOneField(
        Meter, on_delete=models.CASCADE, null=True, related_name="reported", verbose_name=_("表具")
    )
    value = models.DecimalField(_("读数"), max_digits=12, decimal_places=3, null=True)
    read_at = models.DateTimeField(_("读数时间"), null=True)
    at = models.DateTimeField(_("收到时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("上报的读数")
        verbose_name_plural = _("上报的读数")
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["collector", "digest"], name="reported_once"),
            models.CheckConstraint(
                condition=Q(meter__isnull=True, value__isnull=True, read_at__isnull=True)
                | Q(meter__isnull=False, value__isnull=False, read_at__isnull=False),
                name="reported_waits_whole",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="reported_at")]


class ReadingPicture(models.Model):
    """The dial as whoever read it saw it, sealed under a key of its own, for as long as what it counts may be disputed.

    key: the id that the key goes by; it is destroyed with the row (dials.py). Half a year: bills follow within a quarter.
    """

    DISPUTED = Retention.HALF_YEAR

    privacy = Declares(
        subject="key",
        age="at",
        fields={
            "key": NotPersonal("an opaque id of nobody we know"),
            "at": Personal(Category.PICTURE, METERS, _("表盘照片的拍摄时间"), DISPUTED),
        },
    )
    isolation = Isolation()

    reading = models.OneToOneField(Reading, on_delete=models.CASCADE, primary_key=True, related_name="picture")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    key = models.UUIDField(editable=False)
    image = Sealed(Category.PICTURE, purpose=METERS, title=_("表盘照片"), required=True, retention=DISPUTED)
    at = models.DateTimeField(_("拍摄时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("表盘照片")
        verbose_name_plural = _("表盘照片")


class RunState(models.TextChoices):
    """ASKED: the worker makes it. DRAFT: to be looked at; nobody has been asked for anything yet."""

    ASKED = "asked", _("正在生成")
    DRAFT = "draft", _("待核对")
    ISSUED = "issued", _("已出账")
    CANCELLED = "cancelled", _("已作废")


class Run(CommunityModel):
    """One period's bills of an item for the whole community: made, looked at, issued.

    total: fen to be shared, for shared items. problems: [[home's label, what is missing], …]. done: homes counted so far.
    """

    privacy = Declares(rest=NotPersonal("sums of a community"))
    isolation = Isolation()

    item = models.ForeignKey(FeeItem, on_delete=models.PROTECT, related_name="runs", verbose_name=_("收费项目"))
    period = models.DateField(_("账期开始"))
    total = models.BigIntegerField(_("分摊总额（分）"), null=True)
    state = models.CharField(_("状态"), max_length=9, choices=RunState, default=RunState.ASKED)
    homes = models.PositiveIntegerField(_("户数"), default=0)
    done = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField(_("应收（分）"), default=0)
    problems = models.JSONField(_("问题"), default=list)
    made_by = models.UUIDField()
    made_at = models.DateTimeField(_("生成时间"), auto_now_add=True)
    issued_at = models.DateTimeField(_("出账时间"), null=True)

    class Meta:
        verbose_name = _("出账")
        verbose_name_plural = _("出账")
        ordering = ["-period", "-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["item", "period"], condition=~Q(state="cancelled"), name="one_run_a_period")
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.period:%Y-%m}"


class BillState(models.TextChoices):
    DRAFT = "draft", _("待出账")
    ISSUED = "issued", _("待缴")
    PAID = "paid", _("已缴清")
    CANCELLED = "cancelled", _("已作废")


class Bill(CommunityModel):
    """What a home owes for one item and period. Fen.

    amount: the principal, after adjustments. late: fees for paying late, counted up to `late_to`; what has come since is counted
    when it is asked for. detail: how the amount came about, for people: {"quantity", "price", "unit", …}.
    """

    UNASKED = (BillState.DRAFT, BillState.CANCELLED)
    """Nobody is asked to pay these."""

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    home = models.ForeignKey(Home, on_delete=models.PROTECT, related_name="bills", verbose_name=_("房屋"))
    item = models.ForeignKey(FeeItem, on_delete=models.PROTECT, related_name="bills", verbose_name=_("收费项目"))
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="bills")
    period = models.DateField(_("账期开始"))
    ends = models.DateField(_("账期结束"))
    amount = models.BigIntegerField(_("本金（分）"))
    paid = models.BigIntegerField(_("已缴本金（分）"), default=0)
    late = models.BigIntegerField(_("滞纳金（分）"), default=0)
    late_paid = models.BigIntegerField(_("已缴滞纳金（分）"), default=0)
    late_to = models.DateField(null=True)
    due = models.DateField(_("到期日"), null=True)
    state = models.CharField(_("状态"), max_length=9, choices=BillState, default=BillState.DRAFT)
    detail = models.JSONField(_("计算依据"), default=dict)

    class Meta:
        verbose_name = _("账单")
        verbose_name_plural = _("账单")
        ordering = ["period", "item__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "home", "period"], condition=~Q(state="cancelled"), name="one_bill_a_period"
            ),
            models.CheckConstraint(
                condition=Q(
                    amount__gte=0, paid__gte=0, paid__lte=F("amount"), late_paid__gte=0, late_paid__lte=F("late")
                ),
                name="bill_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["home"], condition=Q(state="issued"), name="bills_owed"),
            models.Index(fields=["community", "due"], condition=Q(state="issued"), name="bills_due"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.period:%Y-%m}"


class AdjustmentState(models.TextChoices):
    ASKED = "asked", _("待审批")
    APPROVED = "approved", _("已调整")
    REFUSED = "refused", _("未通过")


class Adjustment(CommunityModel):
    """A bill is to be made smaller or larger; one member of staff asks, another decides. delta: fen."""

    class Reason(models.TextChoices):
        WRONG = "wrong", _("计算有误")
        EMPTY = "empty", _("空置减免")
        SERVICE = "service", _("服务未到位减免")
        AGREED = "agreed", _("协商减免")

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="adjustments", verbose_name=_("账单"))
    delta = models.BigIntegerField(_("调整（分）"))
    reason = models.CharField(_("原因"), max_length=8, choices=Reason)
    state = models.CharField(_("状态"), max_length=8, choices=AdjustmentState, default=AdjustmentState.ASKED)
    asker = models.UUIDField()
    decider = models.UUIDField(null=True)
    at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("账单调整")
        verbose_name_plural = _("账单调整")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["bill"], condition=Q(state="asked"), name="one_open_adjustment_a_bill"),
            models.CheckConstraint(condition=Q(decider__isnull=True) | ~Q(decider=F("asker")), name="two_adjust"),
        ]


class Shift(CommunityModel):
    """A cashier's time at the desk: what should lie in the drawer at its end, and what was counted. Fen."""

    privacy = Declares(rest=NotPersonal("a member of staff's working record: sums"))
    isolation = Isolation()

    cashier = models.UUIDField(_("收费员"))
    opened_at = models.DateTimeField(_("开班时间"), auto_now_add=True)
    float = models.BigIntegerField(_("备用金（分）"), default=0)
    closed_at = models.DateTimeField(_("交班时间"), null=True)
    expected = models.BigIntegerField(_("应有现金（分）"), null=True)
    counted = models.BigIntegerField(_("实点现金（分）"), null=True)

    class Meta:
        verbose_name = _("收费班次")
        verbose_name_plural = _("收费班次")
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["cashier"], condition=Q(closed_at__isnull=True), name="one_open_shift")
        ]


class Method(models.TextChoices):
    """How it was paid."""

    WECHAT_PAY = "wechat_pay", _("微信支付")
    ALIPAY = "alipay", _("支付宝")
    UNIONPAY = "unionpay", _("云闪付")
    WALLET = "wallet", _("我的钱包")
    CASH = "cash", _("现金")
    POS = "pos", _("刷卡")
    PREPAID = "prepaid", _("预存款")


class Checkout(CommunityModel):
    """Somebody is about to pay bills online. bills: ids; whether they are still owed is seen when the money comes.

    link: by which somebody else pays them. shown: how whoever pays gets to the institution.
    """

    privacy = Declares(
        subject="payer",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "payer": Personal(Category.PAYMENT, PAYING, _("付款人"), KEPT),
            "amount": Personal(Category.PAYMENT, PAYING, _("支付金额"), KEPT),
            "at": Personal(Category.PAYMENT, PAYING, _("下单时间"), KEPT),
        },
        rest=NotPersonal(OF_A_HOME),
    )
    isolation = Isolation(person="payer")

    payer = models.UUIDField()
    home = models.ForeignKey(Home, on_delete=models.PROTECT, related_name="+")
    bills = models.JSONField(default=list)
    amount = models.BigIntegerField()
    shown = models.CharField(max_length=4, choices=[(one.value, one.value) for one in Shown], default=Shown.CODE)
    link = models.ForeignKey("PayLink", on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)


class PayLink(CommunityModel):
    """A link by which somebody else pays a home's bills (代客缴费), without an account. digest: of the secret in it.

    maker: who lives there and made it; what is paid by it is paid in their name. bills: ids.
    """

    privacy = Declares(
        subject="maker_id",
        age="until",
        fields={"until": Personal(Category.PAYMENT, PAYING, _("代缴链接的截止时间"), Retention.ONE_DAY)},
        rest=NotPersonal(OF_A_HOME),
    )
    isolation = Isolation(person="maker_id")

    maker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="+")
    bills = models.JSONField(default=list)
    digest = models.BinaryField(max_length=32, unique=True)
    until = models.DateTimeField()


class Receipt(CommunityModel):
    """Money taken for a home's bills. payer: None when somebody paid at the desk. rest: what was more than was owed, kept for later bills.

    number: counts within a community. payment: the online order. returned: given back.
    """

    privacy = Declares(
        subject="payer",
        erase=Erase.BY_LAW,
        age="at",
        fields={
            "payer": Personal(Category.PAYMENT, PAYING, _("付款人"), KEPT),
            "amount": Personal(Category.PAYMENT, PAYING, _("缴费金额"), KEPT),
            "method": Personal(Category.PAYMENT, PAYING, _("缴费方式"), KEPT),
            "at": Personal(Category.PAYMENT, PAYING, _("缴费时间"), KEPT),
        },
        rest=NotPersonal(OF_A_HOME),
    )
    isolation = Isolation(person="payer")

    number = models.PositiveBigIntegerField(_("收据号"))
    payer = models.UUIDField(null=True)
    home = models.ForeignKey(Home, on_delete=models.PROTECT, related_name="receipts", verbose_name=_("房屋"))
    method = models.CharField(_("方式"), max_length=10, choices=Method)
    amount = models.BigIntegerField(_("金额（分）"))
    rest = models.BigIntegerField(_("转预存（分）"), default=0)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, null=True, related_name="receipts")
    payment = models.UUIDField(null=True, unique=True)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    returned_at = models.DateTimeField(_("退回时间"), null=True)

    class Meta:
        verbose_name = _("收据")
        verbose_name_plural = _("收据")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="one_receipt_a_number"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, rest__gte=0, rest__lte=F("amount")), name="receipt_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number:08}"


class RepaymentState(models.TextChoices):
    ASKED = "asked", _("待审批")
    APPROVED = "approved", _("已办理")
    REFUSED = "refused", _("未通过")


class Repayment(CommunityModel):
    """A refund that the institution declined is to go back: one member of staff says how, another decides.

    note: the voucher it stands on. shift: out of whose drawer the cash comes.
    """

    class Way(models.TextChoices):
        AGAIN = "again", _("再次原路退回")
        CASH = "cash", _("现金")
        TRANSFER = "transfer", _("银行转账")

    privacy = Declares(rest=NotPersonal("how an office gives money back: its own vouchers, no person in them"))
    isolation = Isolation()

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="+", verbose_name=_("退款"))
    way = models.CharField(_("方式"), max_length=8, choices=Way)
    note = models.CharField(_("凭证"), max_length=60)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("状态"), max_length=8, choices=RepaymentState, default=RepaymentState.ASKED)
    asker = models.UUIDField()
    decider = models.UUIDField(null=True)
    at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("另行退还")
        verbose_name_plural = _("另行退还")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["refund"], condition=~Q(state="refused"), name="one_repayment_a_refund"),
            models.CheckConstraint(condition=Q(decider__isnull=True) | ~Q(decider=F("asker")), name="two_repay"),
            models.CheckConstraint(
                condition=Q(way="cash", shift__isnull=False) | ~Q(way="cash") & Q(shift__isnull=True),
                name="cash_from_a_drawer",
            ),
        ]


class Allocation(CommunityModel):
    """Which part of a receipt went to which bill. Fen."""

    privacy = Declares(rest=NotPersonal(OF_A_HOME))
    isolation = Isolation()

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="allocations")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="allocations")
    principal = models.BigIntegerField()
    late = models.BigIntegerField()

    class Meta:
        verbose_name = _("缴费明细")
        verbose_name_plural = _("缴费明细")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "bill"], name="one_allocation_a_bill"),
            models.CheckConstraint(
                condition=Q(principal__gte=0, late__gte=0) & (Q(principal__gt=0) | Q(late__gt=0)),
                name="allocates_something",
            ),
        ]
