"""The line to the telephone network, whose telephone may be rung, and how often it was."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community, CommunityModel, Home
from anju.intercom.models import Ring
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id
from anju.sip.purposes import INTERCOM_TELEPHONE

MOBILE = "+8613 +8614 +8615 +8616 +8617 +8618 +8619"
"""China's mobile numbers: what nobody can be charged abroad for."""
_SAFE = RegexValidator(r"^[A-Za-z0-9._+*-]*$", _("只能使用字母、数字和 . _ + * -"))
"""What becomes part of a SIP header: nothing that could end it."""


def _between(low: int, high: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class Trunk(models.Model):
    """A line as its carrier sold it. community: whose it is; None: of every community that has none of its own.

    number: the community's own, all that the called see. user, password: for digest (RFC 3261, 22); none where the carrier
    knows us by our address. prefixes: what may be called at all. registers: whether the carrier wants to be told where we are.
    home_day, community_day: how often a day. seconds: how long a call may last. state: what the carrier last said (RFC 3261, 21),
    0: nothing.
    """

    class Transport(models.TextChoices):
        UDP = "udp", "UDP"
        TCP = "tcp", "TCP"
        TLS = "tls", "TLS"

    class Dialled(models.TextChoices):
        """How the carrier wants numbers."""

        E164 = "e164", _("+86 138…（国际格式）")
        NATIONAL = "national", _("138…（国内格式）")

    privacy = Declares(rest=NotPersonal("a contract with a carrier, and the state of the line"))
    isolation = Isolation()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    community = models.OneToOneField(
        Community, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("小区"), related_name="trunk"
    )
    host = models.CharField(
        _("运营商服务器"), max_length=120, validators=[RegexValidator(r"^[A-Za-z0-9.-]+$", _("请填写域名或 IP 地址"))]
    )
    port = models.PositiveIntegerField(_("端口"), default=5060, validators=_between(1, 65535))
    transport = models.CharField(_("传输方式"), max_length=3, choices=Transport, default=Transport.UDP)
    user = models.CharField(_("账号"), max_length=60, blank=True, validators=[_SAFE])
    password = models.BinaryField(null=True, editable=False)
    number = models.CharField(
        _("来电显示的小区号码"), max_length=20, validators=[RegexValidator(r"^\+?[0-9]{3,18}$", _("请填写电话号码"))]
    )
    registers = models.BooleanField(_("需要注册"), default=False)
    dialled = models.CharField(_("被叫号码格式"), max_length=8, choices=Dialled, default=Dialled.NATIONAL)
    prefixes = models.CharField(
        _("允许拨打的号段"),
        max_length=200,
        default=MOBILE,
        validators=[
            RegexValidator(r"^\+[1-9][0-9]{1,10}( \+[1-9][0-9]{1,10})*$", _("请填写 +86 开头的号段，用空格分开"))
        ],
    )
    at_once = models.PositiveSmallIntegerField(_("最多同时通话"), default=4, validators=_between(1, 200))
    home_day = models.PositiveSmallIntegerField(_("每户每天最多拨打"), default=20, validators=_between(1, 500))
    community_day = models.PositiveIntegerField(_("每小区每天最多拨打"), default=500, validators=_between(1, 20000))
    seconds = models.PositiveSmallIntegerField(_("每次最长秒数"), default=300, validators=_between(30, 300))
    off = models.BooleanField(_("停用"), default=False)
    state = models.PositiveSmallIntegerField(_("运营商的答复"), default=0, editable=False)
    asked_at = models.DateTimeField(_("最近检查"), null=True, editable=False)

    class Meta:
        verbose_name = _("电话线路")
        verbose_name_plural = _("电话线路")
        constraints = [
            models.UniqueConstraint(
                fields=["community"], nulls_distinct=False, name="one_trunk_a_community_or_for_the_rest"
            )
        ]

    def __str__(self) -> str:
        return str(self.community or _("全部小区"))


class Telephone(CommunityModel):
    """Somebody wants their own telephone rung for a home. after: seconds in which nobody has answered otherwise; 0: at once."""

    privacy = Declares(
        subject="person_id",
        fields={
            "after": Personal(Category.CALL, INTERCOM_TELEPHONE, _("呼叫多久后拨打电话")),
            "created_at": Personal(Category.CALL, INTERCOM_TELEPHONE, _("开通呼叫转电话的时间")),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="telephones")
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="telephones", verbose_name=_("房屋"))
    after = models.PositiveSmallIntegerField(_("多少秒后拨打"), default=10)
    created_at = models.DateTimeField(_("开通时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("呼叫转电话")
        verbose_name_plural = _("呼叫转电话")
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["person", "home"], name="one_telephone_a_person_a_home")]


class Why(models.TextChoices):
    """Why a telephone was not rung, or did not take the call, where staff can do something about it."""

    NO_LINE = "no_line", _("电话线路未开通或已停用")
    NUMBER = "number", _("号码不在允许拨打的号段内")
    HOME_DAY = "home_day", _("本户今天拨打电话已达上限")
    COMMUNITY_DAY = "community_day", _("本小区今天拨打电话已达上限")
    AT_ONCE = "at_once", _("电话线路全忙，同时通话已达上限")
    CARRIER = "carrier", _("运营商没有接通，请检查线路")
    UNKNOWN = "unknown", _("运营商提示空号")
    BUSY = "busy", _("电话占线")
    NO_KEY = "no_key", _("电话接起后没有按键（可能是语音信箱）")


class Trouble(models.Model):
    """Why a telephone did not take a call. ring: its line in the call's trace."""

    privacy = Declares(
        subject="person_id",
        age="at",
        fields={
            "why": Personal(Category.CALL, INTERCOM_TELEPHONE, _("电话未接通的原因"), Retention.THIRTY_DAYS),
            "at": Personal(Category.CALL, INTERCOM_TELEPHONE, _("电话未接通的时间"), Retention.THIRTY_DAYS),
        },
    )
    isolation = Isolation(person="person_id")

    ring = models.OneToOneField(Ring, on_delete=models.CASCADE, primary_key=True, related_name="trouble")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    why = models.CharField(_("原因"), max_length=14, choices=Why)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("电话未接通")
        verbose_name_plural = _("电话未接通")


class Spent(CommunityModel):
    """How often the telephones of a home were rung on a day: what a prankster at a gate costs has an end."""

    privacy = Declares(rest=NotPersonal("a count, which says nothing of who was rung, and is gone the day after"))
    isolation = Isolation()

    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    times = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("已拨打电话次数")
        verbose_name_plural = _("已拨打电话次数")
        constraints = [models.UniqueConstraint(fields=["home", "day"], name="one_count_a_home_a_day")]
