"""Homes to let: listings, viewings, applications, leases."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.homes.models import CommunityModel, Home, Member
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal
from anju.privacy.isolation import Isolation
from anju.privacy.masks import family_name, last_four, shown
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed
from anju.rentals.purposes import RENTAL


class ListingState(models.TextChoices):
    DRAFT = "draft", _("未发布")
    PUBLISHED = "published", _("招租中")
    LET = "let", _("已出租")


class Listing(CommunityModel):
    """A home that its owner lets. Money in fen a month. terms: what the owner asks of a tenant, in their words."""

    privacy = Declares(
        subject="owner_id",
        fields={
            "rent": Personal(Category.HOME, RENTAL, _("租金")),
            "deposit": Personal(Category.HOME, RENTAL, _("押金")),
            "rooms": Personal(Category.HOME, RENTAL, _("房间数")),
            "available_from": Personal(Category.HOME, RENTAL, _("可入住日期")),
            "fewest_months": Personal(Category.HOME, RENTAL, _("最短租期（月）")),
            "state": Personal(Category.HOME, RENTAL, _("房源状态")),
            "made_at": Personal(Category.HOME, RENTAL, _("发布时间")),
        },
    )
    isolation = Isolation(person="owner_id")

    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="listings", verbose_name=_("房屋"))
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="listings", verbose_name=_("业主"))
    title = Sealed(Category.NOTE, purpose=RENTAL, title=_("房源标题"), mask=shown, required=True)
    text = Sealed(Category.NOTE, purpose=RENTAL, title=_("房源介绍"), mask=shown, required=True)
    terms = Sealed(Category.NOTE, purpose=RENTAL, title=_("出租要求"), mask=shown)
    rent = models.PositiveIntegerField(_("月租金（分）"))
    deposit = models.PositiveIntegerField(_("押金（分）"), default=0)
    rooms = models.PositiveSmallIntegerField(_("房间数"))
    available_from = models.DateField(_("可入住日期"))
    fewest_months = models.PositiveSmallIntegerField(_("最短租期（月）"), default=1)
    state = models.CharField(_("状态"), max_length=10, choices=ListingState, default=ListingState.DRAFT)
    made_at = models.DateTimeField(_("发布时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("房源")
        verbose_name_plural = _("房源")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["home", "owner"], name="one_listing_a_home")]


class ListingPhoto(models.Model):
    """A photograph of a home, made anew from its pixels so that it says nothing of where and by what it was taken."""

    privacy = Declares(subject="owner_id", fields={"order": NotPersonal("a place in a row")})
    isolation = Isolation(community=None, person="owner_id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="photos")
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    picture = Sealed(Category.PICTURE, purpose=RENTAL, title=_("房源照片"), required=True)
    order = models.PositiveSmallIntegerField(_("排序"))

    class Meta:
        verbose_name = _("房源照片")
        verbose_name_plural = _("房源照片")
        ordering = ["order", "id"]


class ViewingState(models.TextChoices):
    ASKED = "asked", _("待业主确认")
    CONFIRMED = "confirmed", _("已确认")
    REFUSED = "refused", _("业主已谢绝")
    CANCELLED = "cancelled", _("已取消")


class Viewing(CommunityModel):
    """Somebody who would like to see a home.

    visitor, link: as whom and with which pass they come in, once the owner has agreed.
    """

    privacy = Declares(
        subject="prospect_id",
        fields={
            "at": Personal(Category.HOME, RENTAL, _("看房时间")),
            "state": Personal(Category.HOME, RENTAL, _("看房预约状态")),
            "visitor": NotPersonal("an opaque id"),
        },
    )
    isolation = Isolation(person="prospect_id")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="viewings")
    prospect = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="viewings")
    name = Sealed(Category.NAME, purpose=RENTAL, title=_("看房人姓名"), mask=family_name, required=True)
    phone = Sealed(Category.PHONE, purpose=RENTAL, title=_("看房人手机号"), mask=last_four, required=True)
    visitor = models.UUIDField(null=True)
    link = Sealed(Category.CREDENTIAL, purpose=RENTAL, title=_("看房通行链接"))
    at = models.DateTimeField(_("看房时间"))
    state = models.CharField(_("状态"), max_length=10, choices=ViewingState, default=ViewingState.ASKED)

    class Meta:
        verbose_name = _("看房预约")
        verbose_name_plural = _("看房预约")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "prospect"],
                condition=Q(state__in=["asked", "confirmed"]),
                name="one_open_viewing_a_listing",
            )
        ]


class LeaseState(models.TextChoices):
    APPLIED = "applied", _("待业主答复")
    OFFERED = "offered", _("待承租人确认")
    ACTIVE = "active", _("租约生效")
    ENDED = "ended", _("已终止")
    REFUSED = "refused", _("业主已谢绝")
    WITHDRAWN = "withdrawn", _("承租人已撤回")


class Lease(CommunityModel):
    """From an application to the end of a tenancy. The tenant belongs to the home while it is active, from since to until.

    rent, deposit: fen, as they were when it was applied for. member: the tenancy it made.
    """

    OPEN = (LeaseState.APPLIED, LeaseState.OFFERED)

    privacy = Declares(
        subject="tenant_id",
        fields={
            "since": Personal(Category.HOME, RENTAL, _("租期开始")),
            "until": Personal(Category.HOME, RENTAL, _("租期结束")),
            "rent": Personal(Category.HOME, RENTAL, _("月租金（分）")),
            "deposit": Personal(Category.HOME, RENTAL, _("押金（分）")),
            "state": Personal(Category.HOME, RENTAL, _("租约状态")),
            "made_at": Personal(Category.HOME, RENTAL, _("申请时间")),
        },
    )
    isolation = Isolation(person="tenant_id")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="leases")
    landlord = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="leases_given")
    tenant = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="leases_held")
    name = Sealed(Category.NAME, purpose=RENTAL, title=_("承租人姓名"), mask=family_name, required=True)
    note = Sealed(Category.NOTE, purpose=RENTAL, title=_("承租人留言"), mask=shown)
    since = models.DateTimeField(_("租期开始"))
    until = models.DateTimeField(_("租期结束"))
    rent = models.PositiveIntegerField(_("月租金（分）"))
    deposit = models.PositiveIntegerField(_("押金（分）"))
    state = models.CharField(_("状态"), max_length=10, choices=LeaseState, default=LeaseState.APPLIED)
    member = models.OneToOneField(Member, on_delete=models.SET_NULL, null=True, related_name="lease")
    made_at = models.DateTimeField(_("申请时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("租约")
        verbose_name_plural = _("租约")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("since")), name="lease_window"),
            models.UniqueConstraint(
                fields=["listing", "tenant"],
                condition=Q(state__in=["applied", "offered", "active"]),
                name="one_open_lease_a_tenant",
            ),
        ]
