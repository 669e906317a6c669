"""Residents' cars, the cars they expect, where cars stand, and their comings and goings."""

from typing import TypeAlias

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.access.models import Gate
from anju.homes.models import Community, CommunityModel, Home
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import plate
from anju.privacy.sealed import Sealed
from anju.vehicles.purposes import VEHICLES


class CarState(models.TextChoices):
    KNOWN = "known", _("已登记")
    CLAIMED = "claimed", _("待物业核实")
    """Another household has this plate already: staff look at the papers."""


class Car(CommunityModel):
    """A resident's car in a community where they live.

    inside_since: when it came in, until it leaves. Its plate leads to its owner through the vault alone (plate_index.py).
    """

    State: TypeAlias = CarState

    privacy = Declares(
        subject="person_id",
        fields={
            "state": Personal(Category.VEHICLE, VEHICLES, _("车辆登记状态")),
            "added_at": Personal(Category.VEHICLE, VEHICLES, _("车辆登记时间")),
            "inside_since": Personal(Category.ENTRY, VEHICLES, _("车辆在小区内的起始时间")),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="cars", verbose_name=_("车主"))
    plate = Sealed(Category.VEHICLE, purpose=VEHICLES, title=_("车牌号"), mask=plate, required=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.KNOWN)
    added_at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    inside_since = models.DateTimeField(_("在小区内的起始时间"), null=True)

    class Meta:
        verbose_name = _("车辆")
        verbose_name_plural = _("车辆")
        ordering = ["added_at"]
        indexes = [models.Index(fields=["community"], name="cars_inside", condition=Q(inside_since__isnull=False))]

    def __str__(self) -> str:
        return str(self.plate)


class Space(CommunityModel):
    """A parking space. home: whose it is; none: it is let by the month or free."""

    privacy = Declares(rest=NotPersonal("a place in the garage and the home it belongs to"))
    isolation = Isolation()

    name = models.CharField(_("车位号"), max_length=20)
    home = models.ForeignKey(
        Home, on_delete=models.SET_NULL, null=True, blank=True, related_name="spaces", verbose_name=_("所属房屋")
    )

    class Meta:
        verbose_name = _("车位")
        verbose_name_plural = _("车位")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["community", "name"], name="one_space_a_name")]

    def __str__(self) -> str:
        return self.name


class ParkingQuery(models.QuerySet["Parking"]):
    def lasting(self) -> "ParkingQuery":
        """Not over, whether it has begun or not."""
        return self.filter(until__gt=timezone.now())


class Parking(CommunityModel):
    """Monthly parking (月租) that a resident has for their home's cars. until: the first moment it no longer holds."""

    privacy = Declares(
        subject="person_id",
        fields={
            "since": Personal(Category.VEHICLE, VEHICLES, _("月租停车开始时间")),
            "until": Personal(Category.VEHICLE, VEHICLES, _("月租停车到期时间")),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="parkings", verbose_name=_("办理人"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="parkings", verbose_name=_("房屋"))
    space = models.ForeignKey(
        Space, on_delete=models.SET_NULL, null=True, blank=True, related_name="parkings", verbose_name=_("车位")
    )
    since = models.DateTimeField(_("开始"))
    until = models.DateTimeField(_("到期"))

    objects = ParkingQuery.as_manager()

    class Meta:
        verbose_name = _("月租停车")
        verbose_name_plural = _("月租停车")
        ordering = ["-until"]
        constraints = [models.CheckConstraint(condition=Q(until__gt=models.F("since")), name="parking_window")]


class ParkingRequestState(models.TextChoices):
    ASKED = "asked", _("待物业确认")
    CONFIRMED = "confirmed", _("已办理")
    REFUSED = "refused", _("未办理")
    WITHDRAWN = "withdrawn", _("已撤回")


class ParkingRequest(CommunityModel):
    """A resident asks for monthly parking, or to prolong it; staff confirm it once it is settled at their desk.

    parking: what is to be prolonged; none: a new one is asked for.
    """

    State: TypeAlias = ParkingRequestState

    privacy = Declares(
        subject="person_id",
        fields={
            "months": Personal(Category.VEHICLE, VEHICLES, _("申请的月数")),
            "state": Personal(Category.VEHICLE, VEHICLES, _("月租申请状态")),
            "asked_at": Personal(Category.VEHICLE, VEHICLES, _("月租申请时间")),
            "decided_at": Personal(Category.VEHICLE, VEHICLES, _("月租办理时间")),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", verbose_name=_("申请人"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="+", verbose_name=_("房屋"))
    parking = models.ForeignKey(
        Parking, on_delete=models.SET_NULL, null=True, related_name="requests", verbose_name=_("月租停车")
    )
    months = models.PositiveSmallIntegerField(_("月数"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    decided_at = models.DateTimeField(_("办理时间"), null=True)

    class Meta:
        verbose_name = _("月租申请")
        verbose_name_plural = _("月租申请")
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "home"], condition=Q(state="asked"), name="one_open_parking_request_a_home"
            )
        ]


class VisitorCarQuery(models.QuerySet["VisitorCar"]):
    def expected(self) -> "VisitorCarQuery":
        """Neither over nor called off."""
        return self.filter(until__gt=timezone.now())


class VisitorCar(CommunityModel):
    """A car that a resident expects, for a window of time.

    Its plate is sealed under the host's key: whoever drives it has no account, is not asked and is nobody here; the host says the
    plate and answers for it, and it goes with them. Calling it off ends its window now.
    """

    KEPT = Retention.THIRTY_DAYS

    privacy = Declares(
        subject="host_id",
        age="until",
        fields={
            "since": Personal(Category.ENTRY, VEHICLES, _("访客车辆到访开始时间"), KEPT),
            "until": Personal(Category.ENTRY, VEHICLES, _("访客车辆到访结束时间"), KEPT),
            "inside_since": Personal(Category.ENTRY, VEHICLES, _("访客车辆在小区内的起始时间"), KEPT),
        },
    )
    isolation = Isolation(person="host_id")

    host = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="visitor_cars", verbose_name=_("邀请人"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="visitor_cars", verbose_name=_("被访房屋"))
    plate = Sealed(Category.VEHICLE, purpose=VEHICLES, title=_("访客车牌号"), mask=plate, required=True, retention=KEPT)
    since = models.DateTimeField(_("开始"))
    until = models.DateTimeField(_("结束"))
    inside_since = models.DateTimeField(_("在小区内的起始时间"), null=True)

    objects = VisitorCarQuery.as_manager()

    class Meta:
        verbose_name = _("访客车辆")
        verbose_name_plural = _("访客车辆")
        ordering = ["-until"]
        constraints = [models.CheckConstraint(condition=Q(until__gte=models.F("since")), name="visitor_car_window")]
        indexes = [
            models.Index(fields=["community"], name="guest_cars_inside", condition=Q(inside_since__isnull=False))
        ]

    def __str__(self) -> str:
        return str(self.plate)


class Movement(models.Model):
    """A known car came in or went out. car, visitor_car: which; one of them, as long as it is known."""

    privacy = Declares(
        subject="person_id",
        age="at",
        fields={
            "at": Personal(Category.ENTRY, VEHICLES, _("车辆进出时间"), Retention.HALF_YEAR),
            "outwards": Personal(Category.ENTRY, VEHICLES, _("车辆进出方向"), Retention.HALF_YEAR),
        },
    )
    isolation = Isolation(person="person_id")

    id = models.UUIDField(primary_key=True, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("小区"))
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", verbose_name=_("住户"))
    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="+", verbose_name=_("道闸"))
    car = models.ForeignKey(Car, on_delete=models.CASCADE, null=True, related_name="movements")
    visitor_car = models.ForeignKey(VisitorCar, on_delete=models.CASCADE, null=True, related_name="movements")
    at = models.DateTimeField(_("时间"))
    outwards = models.BooleanField(_("驶出"))

    class Meta:
        verbose_name = _("车辆进出")
        verbose_name_plural = _("车辆进出")
        ordering = ["-at"]
        indexes = [models.Index(fields=["person", "-at"]), models.Index(fields=["community", "-at"])]

    @property
    def plate(self) -> str:
        """Masked, whosever car it was."""
        return str(self.car or self.visitor_car or "")
