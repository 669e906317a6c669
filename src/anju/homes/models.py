"""Communities, the homes in them, and who lives there."""

from typing import ClassVar, TypeAlias
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.duties import Duty as Duty
from anju.homes.purposes import HOME_CERTIFICATION, HOUSEHOLD
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import ends, family_name, last_four
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed

PUBLIC_PLACE = Declares(rest=NotPersonal("a place everybody can see from the street"))


class Community(models.Model):
    """A residential community (小区)."""

    privacy = PUBLIC_PLACE
    isolation = Isolation(community="id", public=True)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("小区名称"), max_length=60)
    city = models.CharField(_("城市"), max_length=40)
    address = models.CharField(_("地址"), max_length=120)

    class Meta:
        verbose_name = _("小区")
        verbose_name_plural = _("小区")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CommunityModel(models.Model):
    """A row that belongs to one community, isolated by the database."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("小区"))

    class Meta:
        abstract = True


class Building(CommunityModel):
    privacy = PUBLIC_PLACE
    isolation = Isolation(public=True)

    name = models.CharField(_("楼栋"), max_length=40)
    order = models.PositiveIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = _("楼栋")
        verbose_name_plural = _("楼栋")
        ordering = ["order", "name"]
        constraints = [models.UniqueConstraint(fields=["community", "name"], name="one_building_a_name")]

    def __str__(self) -> str:
        return self.name


class Unit(CommunityModel):
    """A stairwell with its own door (单元)."""

    privacy = PUBLIC_PLACE
    isolation = Isolation(public=True)

    building = models.ForeignKey(Building, on_delete=models.CASCADE, related_name="units", verbose_name=_("楼栋"))
    name = models.CharField(_("单元"), max_length=40)
    order = models.PositiveIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = _("单元")
        verbose_name_plural = _("单元")
        ordering = ["building__order", "order", "name"]
        constraints = [models.UniqueConstraint(fields=["building", "name"], name="one_unit_a_name")]

    def __str__(self) -> str:
        return f"{self.building.name}{self.name}"


class Home(CommunityModel):
    privacy = PUBLIC_PLACE
    isolation = Isolation(public=True)

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="homes", verbose_name=_("单元"))
    room = models.CharField(_("房号"), max_length=20)
    floor = models.IntegerField(_("楼层"))
    area = models.DecimalField(_("建筑面积（平方米）"), max_digits=8, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = _("房屋")
        verbose_name_plural = _("房屋")
        ordering = ["unit__building__order", "unit__order", "floor", "room"]
        constraints = [models.UniqueConstraint(fields=["unit", "room"], name="one_home_a_room")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """3栋2单元1201"""
        return f"{self.unit.building.name}{self.unit.name}{self.room}"


class Role(models.TextChoices):
    """What somebody is to a home."""

    OWNER = "owner", _("业主")
    FAMILY = "family", _("家属")
    TENANT = "tenant", _("租客")


class MemberQuery(models.QuerySet["Member"]):
    def living(self) -> "MemberQuery":
        """Members whose time has come and not passed."""
        return self.lasting().filter(since__lte=timezone.now())

    def lasting(self) -> "MemberQuery":
        """Members whose time has not passed, whether it has come or not."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=timezone.now()))


class Member(CommunityModel):
    """A person who belongs to a home, for a time."""

    privacy = Declares(
        subject="person_id",
        fields={
            "role": Personal(Category.HOME, HOME_CERTIFICATION, _("与房屋的关系")),
            "since": Personal(Category.HOME, HOME_CERTIFICATION, _("入住时间")),
            "until": Personal(Category.HOME, HOME_CERTIFICATION, _("到期时间")),
            "ways_off": NotPersonal("what an owner has switched off for this membership"),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("住户"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="members", verbose_name=_("房屋"))
    role = models.CharField(_("身份"), max_length=10, choices=Role)
    name = Sealed(Category.NAME, purpose=HOME_CERTIFICATION, title=_("姓名"), mask=family_name)
    since = models.DateTimeField(_("开始"), default=timezone.now)
    until = models.DateTimeField(_("结束"), null=True, blank=True)
    ways_off = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("停用的开门方式"))

    objects = MemberQuery.as_manager()

    class Meta:
        verbose_name = _("住户")
        verbose_name_plural = _("住户")
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="member_window"
            ),
            ExclusionConstraint(
                name="one_membership_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("home", RangeOperators.EQUAL),
                    (models.Func("since", "until", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.home} {self.name or ''}"


class InvitationState(models.TextChoices):
    """Where an invitation to a home stands."""

    INVITED = "invited", _("待确认")
    ACCEPTED = "accepted", _("已加入")
    DECLINED = "declined", _("已谢绝")
    REVOKED = "revoked", _("已撤回")


class MemberInvitation(CommunityModel):
    """An owner's word that somebody belongs to their home; whoever it is confirms it from their own account.

    name, phone: as the owner wrote them, sealed under the owner's key. until: of the membership. ends_at: when the invitation
    ends, answered or not. digest: of the secret in its link.
    """

    privacy = Declares(
        subject="inviter_id",
        age="ends_at",
        fields={
            "role": Personal(Category.HOME, HOUSEHOLD, _("与房屋的关系"), Retention.ONE_DAY),
            "until": Personal(Category.HOME, HOUSEHOLD, _("到期时间"), Retention.ONE_DAY),
            "state": Personal(Category.HOME, HOUSEHOLD, _("邀请状态"), Retention.ONE_DAY),
            "ends_at": Personal(Category.HOME, HOUSEHOLD, _("邀请截止时间"), Retention.ONE_DAY),
        },
        rest=NotPersonal("hash of a random secret"),
    )
    isolation = Isolation(person="inviter_id")

    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="invitations")
    inviter = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="home_invitations")
    role = models.CharField(_("身份"), max_length=10, choices=Role)
    name = Sealed(
        Category.NAME,
        purpose=HOUSEHOLD,
        title=_("受邀人姓名"),
        mask=family_name,
        required=True,
        retention=Retention.ONE_DAY,
    )
    phone = Sealed(
        Category.PHONE,
        purpose=HOUSEHOLD,
        title=_("受邀人手机号"),
        mask=last_four,
        required=True,
        retention=Retention.ONE_DAY,
    )
    until = models.DateTimeField(_("结束"), null=True)
    state = models.CharField(_("状态"), max_length=10, choices=InvitationState, default=InvitationState.INVITED)
    ends_at = models.DateTimeField(_("邀请截止时间"))
    digest = models.BinaryField(max_length=32, unique=True)

    class Meta:
        verbose_name = _("家人和租客邀请")
        verbose_name_plural = _("家人和租客邀请")
        ordering = ["-id"]


class ApplicationState(models.TextChoices):
    SUBMITTED = "submitted", _("待审核")
    APPROVED = "approved", _("已通过")
    REFUSED = "refused", _("未通过")
    WITHDRAWN = "withdrawn", _("已撤回")
    DISPUTED = "disputed", _("申诉中")


class Application(CommunityModel):
    """Somebody's request to be known as a member of a home (房屋认证)."""

    State: TypeAlias = ApplicationState

    OPEN: ClassVar = (State.SUBMITTED, State.DISPUTED)

    privacy = Declares(
        subject="person_id",
        fields={
            "role": Personal(Category.HOME, HOME_CERTIFICATION, _("与房屋的关系")),
            "state": Personal(Category.HOME, HOME_CERTIFICATION, _("认证状态")),
            "submitted_at": Personal(Category.HOME, HOME_CERTIFICATION, _("提交时间")),
            "decided_at": Personal(Category.HOME, HOME_CERTIFICATION, _("审核时间")),
            "contested": NotPersonal("whether the home had an owner already"),
        },
    )
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="applications", verbose_name=_("申请人"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="applications", verbose_name=_("房屋"))
    role = models.CharField(_("身份"), max_length=10, choices=Role)
    name = Sealed(Category.NAME, purpose=HOME_CERTIFICATION, title=_("姓名"), mask=family_name, required=True)
    id_number = Sealed(Category.ID_NUMBER, purpose=HOME_CERTIFICATION, title=_("身份证号"), mask=ends, required=True)
    reason = Sealed(Category.NOTE, purpose=HOME_CERTIFICATION, title=_("审核意见"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.SUBMITTED)
    contested = models.BooleanField(_("该房屋已有业主"), default=False)
    submitted_at = models.DateTimeField(_("提交时间"), auto_now_add=True)
    decided_at = models.DateTimeField(_("审核时间"), null=True)

    class Meta:
        verbose_name = _("房屋认证")
        verbose_name_plural = _("房屋认证")
        ordering = ["submitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "home"],
                condition=Q(state__in=["submitted", "disputed"]),
                name="one_open_application_a_home",
            )
        ]

    def __str__(self) -> str:
        return f"{self.home} {self.get_role_display()}"


class ApplicationEvent(models.Model):
    """A step in an application's life."""

    privacy = Declares(
        subject="person_id",
        fields={
            "state": Personal(Category.HOME, HOME_CERTIFICATION, _("认证状态")),
            "at": Personal(Category.HOME, HOME_CERTIFICATION, _("时间")),
        },
    )
    isolation = Isolation(person="person_id")

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="events")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=Application.State)
    note = Sealed(Category.NOTE, purpose=HOME_CERTIFICATION, title=_("说明"), retention=Retention.PURPOSE)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("认证进度")
        verbose_name_plural = _("认证进度")
        ordering = ["id"]


class StaffRole(CommunityModel):
    """A member of staff's duty in one community."""

    privacy = Declares(rest=NotPersonal("a duty, not a private life"), erase=Erase.ROW, subject="person_id")
    isolation = Isolation(person="person_id")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="staff_roles", verbose_name=_("工作人员"))
    duty = models.CharField(_("岗位"), max_length=12, choices=Duty)

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")
        constraints = [models.UniqueConstraint(fields=["person", "community", "duty"], name="one_row_a_duty")]

    def __str__(self) -> str:
        return f"{self.community} {self.get_duty_display()}"


def duties(person: UUID) -> dict[UUID, set[str]]:
    """A person's duties by community."""
    found: dict[UUID, set[str]] = {}
    for community, duty in StaffRole.objects.filter(person=person).values_list("community_id", "duty"):
        found.setdefault(community, set()).add(duty)
    return found
