"""Calls from a gate to a home or to the property desk, and what became of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anju.access.models import Gate
from anju.homes.models import Community, CommunityModel, Home, Unit
from anju.intercom.purposes import INTERCOM, INTERCOM_MESSAGE
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.sealed import Sealed

KEPT = Retention.THIRTY_DAYS
SEEN = Retention.SEVEN_DAYS


class CallState(models.TextChoices):
    """Where a call stands."""

    RINGING = "ringing", _("呼叫中")
    ANSWERED = "answered", _("通话中")
    ENDED = "ended", _("已接听")
    MISSED = "missed", _("未接听")
    REFUSED = "refused", _("已拒接")
    CANCELLED = "cancelled", _("访客已取消")
    BUSY = "busy", _("占线")


class Via(models.TextChoices):
    """By what somebody is rung."""

    APP = "app", _("手机应用")
    PUSH = "push", _("推送通知")
    DESK = "desk", _("物业值班台")
    SIP = "sip", _("SIP 话机")
    PHONE = "phone", _("电话")


class RingState(models.TextChoices):
    """What became of ringing somebody."""

    SENT = "sent", _("已发出，等待设备响铃")
    RUNG = "rung", _("已响铃")
    QUIET = "quiet", _("免打扰")
    FAILED = "failed", _("未送达")
    ANSWERED = "answered", _("已接听")
    REFUSED = "refused", _("已拒接")
    ELSEWHERE = "elsewhere", _("已在别处接听")
    UNANSWERED = "unanswered", _("无人接听")


class Call(CommunityModel):
    """Somebody at a gate rings a home; without a home, the property desk.

    visitor: whoever stands there; the key that seals their picture, destroyed when its time is over, None from then on.
    offer: the gate's half of the connection (SDP), until the call ends. silent: how many living there have not agreed to be rung.
    """

    OPEN = (CallState.RINGING, CallState.ANSWERED)

    privacy = Declares(
        subject="visitor",
        age="at",
        fields={
            "visitor": NotPersonal("an opaque id of nobody we know"),
            "state": Personal(Category.CALL, INTERCOM, _("呼叫结果"), KEPT),
            "at": Personal(Category.CALL, INTERCOM, _("呼叫时间"), KEPT),
            "answered_at": Personal(Category.CALL, INTERCOM, _("接听时间"), KEPT),
            "ended_at": Personal(Category.CALL, INTERCOM, _("结束时间"), KEPT),
            "opened_at": Personal(Category.CALL, INTERCOM, _("开门时间"), KEPT),
            "offer": NotPersonal("the gate's own addresses"),
            "silent": NotPersonal("a count"),
        },
    )
    isolation = Isolation()

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="calls", verbose_name=_("门禁"))
    home = models.ForeignKey(Home, on_delete=models.CASCADE, related_name="calls", null=True, verbose_name=_("房屋"))
    visitor = models.UUIDField(null=True, editable=False)
    state = models.CharField(_("结果"), max_length=10, choices=CallState, default=CallState.RINGING)
    at = models.DateTimeField(_("呼叫时间"), auto_now_add=True)
    answered_at = models.DateTimeField(_("接听时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)
    opened_at = models.DateTimeField(_("开门时间"), null=True)
    offer = models.TextField(default="", editable=False)
    silent = models.PositiveSmallIntegerField(_("未开通对讲的人数"), default=0)

    class Meta:
        verbose_name = _("呼叫")
        verbose_name_plural = _("呼叫")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["gate"], condition=Q(state__in=["ringing", "answered"]), name="one_call_a_gate"
            )
        ]
        indexes = [models.Index(fields=["home", "-at"])]


class Panel(CommunityModel):
    """What a gate's dial pad reaches. A gate without one reaches every home of its community, and the desk.

    units: whose homes it calls; none: all of the community's. off: it calls nobody.
    """

    privacy = Declares(rest=NotPersonal("equipment and what it reaches"))
    isolation = Isolation()

    gate = models.OneToOneField(Gate, on_delete=models.CASCADE, related_name="panel", verbose_name=_("门禁"))
    units = models.ManyToManyField(
        Unit,
        blank=True,
        related_name="panels",
        verbose_name=_("可呼叫的单元"),
        help_text=_("单元门口机只选本单元；留空表示可呼叫全小区"),
    )
    off = models.BooleanField(_("停用呼叫"), default=False)

    class Meta:
        verbose_name = _("呼叫面板")
        verbose_name_plural = _("呼叫面板")
        ordering = ["gate__name"]

    def __str__(self) -> str:
        return str(self.gate)


class Ring(models.Model):
    """Somebody who was rung, by what, and what came of it: a call's delivery trace.

    person: None for the desk until somebody there answers. leg: what the answering device shows to speak for this call, until
    it ends.
    """

    privacy = Declares(
        subject="person_id",
        age="at",
        fields={
            "via": Personal(Category.CALL, INTERCOM, _("呼叫途径"), KEPT),
            "state": Personal(Category.CALL, INTERCOM, _("响铃结果"), KEPT),
            "at": Personal(Category.CALL, INTERCOM, _("响铃时间"), KEPT),
            "leg": NotPersonal("a random secret for as long as the call lasts"),
        },
    )
    isolation = Isolation(person="person_id")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="rings")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="rings")
    via = models.CharField(_("途径"), max_length=10, choices=Via)
    state = models.CharField(_("结果"), max_length=10, choices=RingState, default=RingState.SENT)
    at = models.DateTimeField(_("时间"), auto_now=True)
    leg = models.CharField(max_length=32, default="", editable=False)

    class Meta:
        verbose_name = _("响铃")
        verbose_name_plural = _("响铃")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["call", "person", "via"], name="one_ring_a_way"),
            models.UniqueConstraint(fields=["call"], condition=Q(state="answered"), name="one_answer_a_call"),
        ]


class CallPicture(models.Model):
    """What the gate saw when it was dialled at, sealed under a key of its own."""

    privacy = Declares(
        subject="visitor",
        age="at",
        fields={
            "visitor": NotPersonal("an opaque id of nobody we know"),
            "at": Personal(Category.CALL, INTERCOM, _("拍摄时间"), SEEN),
        },
    )
    isolation = Isolation()

    call = models.OneToOneField(Call, on_delete=models.CASCADE, primary_key=True, related_name="picture")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    visitor = models.UUIDField(editable=False)
    image = Sealed(Category.PICTURE, purpose=INTERCOM, title=_("门口的照片"), required=True, retention=SEEN)
    at = models.DateTimeField(_("拍摄时间"), auto_now=True)

    class Meta:
        verbose_name = _("门口的照片")
        verbose_name_plural = _("门口的照片")


class CallMessage(models.Model):
    """What a visitor whom nobody answered said for the home, by their own will."""

    privacy = Declares(
        subject="visitor",
        age="at",
        fields={
            "visitor": NotPersonal("an opaque id of nobody we know"),
            "at": Personal(Category.CALL, INTERCOM_MESSAGE, _("留言时间"), SEEN),
            "kind": NotPersonal("the sound's format"),
        },
    )
    isolation = Isolation()

    call = models.OneToOneField(Call, on_delete=models.CASCADE, primary_key=True, related_name="message")
    community = models.ForeignKey(Community, on_delete=models.CASCADE)
    visitor = models.UUIDField(editable=False)
    sound = Sealed(Category.MESSAGE, purpose=INTERCOM_MESSAGE, title=_("访客留言"), required=True, retention=SEEN)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(_("留言时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("访客留言")
        verbose_name_plural = _("访客留言")


class Quiet(models.Model):
    """When somebody does not want to be rung. off: not at all. since, until: each day between these times; None: never."""

    privacy = Declares(
        subject="person_id",
        fields={
            "off": Personal(Category.CALL, INTERCOM, _("是否关闭响铃")),
            "since": Personal(Category.CALL, INTERCOM, _("免打扰开始")),
            "until": Personal(Category.CALL, INTERCOM, _("免打扰结束")),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="quiet")
    off = models.BooleanField(_("关闭响铃"), default=False)
    since = models.TimeField(_("开始"), null=True)
    until = models.TimeField(_("结束"), null=True)

    class Meta:
        verbose_name = _("免打扰")
        verbose_name_plural = _("免打扰")
