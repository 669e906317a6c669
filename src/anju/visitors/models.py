"""Visitors and the passes that their hosts give them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community, CommunityModel, Home
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import family_name, last_four
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed
from anju.visitors.purposes import VISIT, VISIT_FACE

KEPT = Retention.THIRTY_DAYS


class Visitor(models.Model):
    """Somebody whom a resident expects: a person with a key and rights of their own, and no account.

    kept_from: the end of the last visit; from then on the retention counts. frequent: the host expects them again and again.
    digest: of the secret in the link they were sent last.
    """

    privacy = Declares(
        subject="person_id",
        age="kept_from",
        fields={
            "kept_from": Personal(Category.ENTRY, VISIT, _("最后一次到访的结束时间"), KEPT),
            "frequent": Personal(Category.ENTRY, VISIT, _("是否常客"), KEPT),
            "digest": NotPersonal("hash of a random secret"),
        },
    )
    isolation = Isolation(person="host_id")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="visitor")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("小区"))
    host = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="visitors", verbose_name=_("邀请人"))
    name = Sealed(Category.NAME, purpose=VISIT, title=_("访客姓名"), mask=family_name, required=True, retention=KEPT)
    phone = Sealed(Category.PHONE, purpose=VISIT, title=_("访客手机号"), mask=last_four, required=True, retention=KEPT)
    frequent = models.BooleanField(_("常客"), default=False)
    kept_from = models.DateTimeField(_("最后一次到访的结束时间"))
    digest = models.BinaryField(max_length=32, unique=True)

    class Meta:
        verbose_name = _("访客")
        verbose_name_plural = _("访客")

    def __str__(self) -> str:
        return str(self.name)


class PassState(models.TextChoices):
    """Where a pass stands. Whether its time has passed is seen from its window."""

    ASKED = "asked", _("待住户确认")
    INVITED = "invited", _("待访客确认")
    CONFIRMED = "confirmed", _("有效")
    DECLINED = "declined", _("访客已谢绝")
    REFUSED = "refused", _("住户已拒绝")
    REVOKED = "revoked", _("已撤销")


class PassQuery(models.QuerySet["Pass"]):
    def open(self) -> "PassQuery":
        """Neither over nor ended."""
        return self.filter(state__in=Pass.OPEN, until__gt=timezone.now())


class Pass(CommunityModel):
    """A visitor's right to come in, given by a host, for a window of time.

    gates: none means all of the community's. uses: how often it opens each gate; None: without limit. number: six digits by which
    a guard finds it. inside_since: when they came in, until they leave. walk_in: registered by a guard at the gate.
    """

    OPEN = (PassState.ASKED, PassState.INVITED, PassState.CONFIRMED)

    privacy = Declares(
        subject="visitor_id",
        age="until",
        fields={
            "since": Personal(Category.ENTRY, VISIT, _("到访开始时间"), KEPT),
            "until": Personal(Category.ENTRY, VISIT, _("到访结束时间"), KEPT),
            "state": Personal(Category.ENTRY, VISIT, _("通行证状态"), KEPT),
            "arrived_at": Personal(Category.ENTRY, VISIT, _("到达时间"), KEPT),
            "inside_since": Personal(Category.ENTRY, VISIT, _("在小区内的起始时间"), KEPT),
            "left_at": Personal(Category.ENTRY, VISIT, _("离开时间"), KEPT),
        },
        rest=NotPersonal("what the pass allows, not who holds it"),
    )
    isolation = Isolation(person="host_id")

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="passes", verbose_name=_("访客"))
    host = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="passes", verbose_name=_("邀请人"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="passes", verbose_name=_("被访房屋"))
    since = models.DateTimeField(_("开始"))
    until = models.DateTimeField(_("结束"))
    gates = ArrayField(models.UUIDField(), default=list, blank=True, verbose_name=_("可通过的门禁"))
    uses = models.PositiveIntegerField(_("每个门禁可进入次数"), null=True, blank=True)
    number = models.CharField(_("访客码"), max_length=6)
    walk_in = models.BooleanField(_("现场登记"), default=False)
    state = models.CharField(_("状态"), max_length=10, choices=PassState, default=PassState.INVITED)
    made_at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    arrived_at = models.DateTimeField(_("到达时间"), null=True)
    inside_since = models.DateTimeField(_("在小区内的起始时间"), null=True)
    left_at = models.DateTimeField(_("离开时间"), null=True)

    objects = PassQuery.as_manager()

    class Meta:
        verbose_name = _("访客通行证")
        verbose_name_plural = _("访客通行证")
        ordering = ["-since"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("since")), name="pass_window"),
            models.UniqueConstraint(
                fields=["community", "number"],
                condition=Q(state__in=["asked", "invited", "confirmed"]),
                name="one_open_pass_a_number",
            ),
        ]
        indexes = [
            models.Index(fields=["host", "-until"]),
            models.Index(fields=["community"], name="passes_inside", condition=Q(inside_since__isnull=False)),
        ]


class VisitorKey(models.Model):
    """The public half of the key that the visitor's browser made; it signs their QR code. One at a time."""

    privacy = Declares(
        subject="visitor_id",
        fields={
            "public": Personal(Category.CREDENTIAL, VISIT, _("访客手机的开门公钥")),
            "made_at": Personal(Category.DEVICE, VISIT, _("登记时间")),
        },
        rest=NotPersonal("an opaque id"),
    )
    isolation = Isolation(community=None, person="visitor_id")

    id = models.UUIDField(default=new_id, unique=True, editable=False)
    visitor = models.OneToOneField(Visitor, on_delete=models.CASCADE, primary_key=True, related_name="key")
    public = models.BinaryField(max_length=65)
    made_at = models.DateTimeField(_("登记时间"), auto_now=True)

    class Meta:
        verbose_name = _("访客手机密钥")
        verbose_name_plural = _("访客手机密钥")


class VisitorFace(models.Model):
    """A visitor's face templates, sealed, until their visit ends. Always held to the higher bar."""

    privacy = Declares(
        subject="visitor_id",
        fields={
            "rev": NotPersonal("counts enrolments"),
            "enrolled_at": Personal(Category.FACE, VISIT_FACE, _("录入时间")),
        },
    )
    isolation = Isolation(community=None, person="visitor_id")

    visitor = models.OneToOneField(Visitor, on_delete=models.CASCADE, primary_key=True, related_name="face")
    vectors = Sealed(Category.FACE, purpose=VISIT_FACE, title=_("访客人脸特征"), required=True)
    rev = models.PositiveIntegerField(default=1)
    enrolled_at = models.DateTimeField(_("录入时间"), auto_now=True)

    class Meta:
        verbose_name = _("访客人脸特征")
        verbose_name_plural = _("访客人脸特征")
