"""Lifts: how a gate reaches each, and which gates call it."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access.models import Gate
from anju.homes.models import CommunityModel, Unit
from anju.lifts.addresses import is_address
from anju.privacy.declarations import Declares, NotPersonal
from anju.privacy.isolation import Isolation

MOST_NUMBER = 65_535
"""A Modbus register holds no more."""


class LiftAdapter(models.TextChoices):
    """How its controller is spoken to (docs/gate-protocol.md)."""

    MODBUS = "modbus", "Modbus TCP"
    HTTP = "http", "HTTP"


class Lift(CommunityModel):
    """A lift of a stairwell. The gates reach it over their own network; the platform never speaks to it.

    address: `modbus://host:502/1` (the last part is the device's number) or `http://host/path`. floors: the controller's
    number by our floor, for those that differ. gates: whose granted entries call it.
    """

    privacy = Declares(rest=NotPersonal("equipment and how it is reached"))
    isolation = Isolation()

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="lifts", verbose_name=gettext_lazy("单元"))
    name = models.CharField(gettext_lazy("电梯名称"), max_length=40)
    adapter = models.CharField(gettext_lazy("接口"), max_length=10, choices=LiftAdapter, default=LiftAdapter.MODBUS)
    address = models.CharField(
        gettext_lazy("控制器地址"),
        max_length=200,
        help_text=gettext_lazy("门禁所在网络里的地址，例如 modbus://192.168.1.50:502/1 或 http://192.168.1.51/call"),
    )
    floors = models.JSONField(
        gettext_lazy("楼层对照"),
        default=dict,
        blank=True,
        help_text=gettext_lazy('控制器的楼层编号与实际楼层不同时填写，例如 {"-1": 0, "1": 1}；留空表示编号与楼层相同'),
    )
    gates = models.ManyToManyField(
        Gate,
        related_name="lifts",
        blank=True,
        verbose_name=gettext_lazy("呼梯门禁"),
        help_text=gettext_lazy("从这些门禁进入后自动呼叫这部电梯"),
    )

    class Meta:
        verbose_name = gettext_lazy("电梯")
        verbose_name_plural = gettext_lazy("电梯")
        ordering = ["unit", "name"]
        constraints = [models.UniqueConstraint(fields=["unit", "name"], name="one_lift_a_name")]

    def __str__(self) -> str:
        return f"{self.unit} {self.name}"

    def clean(self) -> None:
        """Raises ValidationError: what is set here is what gates send to a machine."""
        if not is_address(self.adapter, self.address):
            raise ValidationError({"address": _("地址格式不对，请按说明填写。")})
        if not _is_map(self.floors):
            raise ValidationError({"floors": _("楼层对照应是“楼层: 编号”，编号为 0 到 65535 的整数。")})

    def number(self, floor: int) -> int | None:
        """What the controller calls this floor; None: it does not go there."""
        if self.floors:
            return self.floors.get(str(floor))
        return floor if 0 <= floor <= MOST_NUMBER else None


def _is_map(floors: object) -> bool:
    if not isinstance(floors, dict):
        return False
    return all(
        name.removeprefix("-").isdecimal() and type(number) is int and 0 <= number <= MOST_NUMBER
        for name, number in floors.items()
    )
