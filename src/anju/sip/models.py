"""Devices that speak SIP, and the calls that Kamailio carries now."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.access.models import Gate
from anju.homes.models import Community, CommunityModel, Home
from anju.intercom.models import Call
from anju.intercom.purposes import INTERCOM
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal
from anju.privacy.isolation import Isolation
from anju.privacy.masks import shown
from anju.privacy.sealed import Sealed
from anju.sip.trunk_models import Spent, Telephone, Trouble, Trunk, Why

__all__ = ["Dialog", "Kind", "SipDevice", "Spent", "Telephone", "Trouble", "Trunk", "Why"]


class Kind(models.TextChoices):
    """What a device is. The last two call; the others are rung."""

    SOFTPHONE = "softphone", _("软电话（如 Linphone）")
    STATION = "station", _("室内机")
    DOOR_STATION = "door_station", _("门口机")
    GATE = "gate", _("门禁终端")


class SipDevice(CommunityModel):
    """A device's account at the SIP server. Its row is its right: deleted, the device is nobody from the next request on.

    person: whose it is; None for what hangs on a wall. home: whose calls it rings for. gate: at which it stands and calls from.
    ha1: MD5 of name, realm and a random password (RFC 2617), all that is kept of it. ticket: of the one address that hands
    over the account, until ticket_until. browser: on which its owner was signed in who added it.
    """

    RUNG = (Kind.SOFTPHONE, Kind.STATION)
    CALLING = (Kind.DOOR_STATION, Kind.GATE)
    ON_A_WALL = (Kind.STATION, Kind.DOOR_STATION)

    privacy = Declares(
        subject="person_id",
        fields={
            "kind": Personal(Category.DEVICE, INTERCOM, _("话机类型")),
            "username": Personal(Category.DEVICE, INTERCOM, _("话机账号（随机）")),
            "ha1": Personal(Category.CREDENTIAL, INTERCOM, _("话机密码（仅存哈希）")),
            "created_at": Personal(Category.DEVICE, INTERCOM, _("话机添加时间")),
            "ticket": NotPersonal("hash of a random secret"),
            "ticket_until": NotPersonal("when that secret ends"),
            "browser": NotPersonal("hash of a random cookie"),
        },
    )
    isolation = Isolation(person="person_id")

    kind = models.CharField(_("类型"), max_length=12, choices=Kind)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sip_devices")
    home = models.ForeignKey(
        Home, on_delete=models.CASCADE, null=True, blank=True, related_name="sip_devices", verbose_name=_("房屋")
    )
    gate = models.ForeignKey(
        Gate, on_delete=models.CASCADE, null=True, blank=True, related_name="sip_devices", verbose_name=_("门禁")
    )
    label = Sealed(Category.DEVICE, purpose=INTERCOM, title=_("话机名称"), mask=shown)
    username = models.CharField(_("账号"), max_length=20, unique=True)
    ha1 = models.CharField(max_length=32)
    ticket = models.BinaryField(max_length=32, null=True, unique=True)
    ticket_until = models.DateTimeField(null=True)
    browser = models.BinaryField(max_length=32, null=True)
    created_at = models.DateTimeField(_("添加时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("SIP 话机")
        verbose_name_plural = _("SIP 话机")
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="softphone", person__isnull=False, home__isnull=False, gate__isnull=True)
                | Q(kind="station", person__isnull=True, home__isnull=False, gate__isnull=True)
                | Q(kind__in=["door_station", "gate"], person__isnull=True, home__isnull=True, gate__isnull=False),
                name="sip_device_has_its_place",
            ),
            models.UniqueConstraint(fields=["gate"], condition=Q(kind="gate"), name="one_sip_account_a_gate"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.username}"


class Dialog(models.Model):
    """A call as Kamailio knows it, for as long as it lasts (RFC 3261, 12).

    device: which calls. name: its Call-ID. caller_tag, cseq: of its first request. answering_tag: of whoever took it.
    """

    privacy = Declares(rest=NotPersonal("random marks of a call, gone when it ends"))
    isolation = Isolation()

    call = models.OneToOneField(Call, on_delete=models.CASCADE, primary_key=True, related_name="dialog")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    device = models.ForeignKey(SipDevice, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200, unique=True)
    caller_tag = models.CharField(max_length=120)
    cseq = models.PositiveBigIntegerField()
    answering_tag = models.CharField(max_length=120, default="")

    class Meta:
        verbose_name = _("SIP 通话")
        verbose_name_plural = _("SIP 通话")
