"""Other makers' terminals that stand at a gate in place of a program of ours (docs/terminals.md)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.access.models import Gate
from anju.homes.models import CommunityModel
from anju.people.models import Person
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id


class Terminal(CommunityModel):
    """It decides by itself, by the cards and windows it was told. address, account: where and as whom we speak to it (ISAPI)."""

    class Protocol(models.TextChoices):
        MQTT = "mqtt", _("MQTT 3.1.1")
        PUSH = "push", _("HTTP 推送")
        ISAPI = "isapi", _("海康威视 ISAPI")

    privacy = Declares(rest=NotPersonal("equipment and its state"))
    isolation = Isolation()

    gate = models.OneToOneField(Gate, on_delete=models.CASCADE, related_name="terminal", verbose_name=_("门禁"))
    protocol = models.CharField(_("协议"), max_length=10, choices=Protocol)
    address = models.URLField(_("设备地址"), blank=True)
    account = models.CharField(_("设备账号"), max_length=40, blank=True)
    password = models.BinaryField(null=True, editable=False)
    generation = models.PositiveIntegerField(default=1, editable=False, help_text=_("凭证每更换一次加一"))
    seen_at = models.DateTimeField(_("最近在线"), null=True, editable=False)

    class Meta:
        verbose_name = _("第三方终端")
        verbose_name_plural = _("第三方终端")

    def __str__(self) -> str:
        return str(self.gate)


class Known(CommunityModel):
    """Somebody whose card a terminal was told, under a name that means nothing elsewhere."""

    privacy = Declares(
        subject="person_id",
        erase=Erase.KEEP,
        rest=NotPersonal(
            "opaque ids, and a hash of the last word told; the row goes when the terminal has taken the end"
        ),
    )
    isolation = Isolation(person="person_id")

    terminal = models.ForeignKey(Terminal, on_delete=models.CASCADE, related_name="known")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="known_at_terminals")
    holder = models.UUIDField(default=new_id, unique=True)
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("终端已知的持卡人")
        verbose_name_plural = _("终端已知的持卡人")
        constraints = [models.UniqueConstraint(fields=["terminal", "person"], name="known_once_a_terminal")]
