"""Gates, who may come in, and who came."""

from typing import TypeAlias

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.access.purposes import FACE_AT_GATE, FACE_OPENING, GATE_OPENING
from anju.homes.models import Community, CommunityModel
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import shown
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed

EQUIPMENT = Declares(rest=NotPersonal("equipment and its state"))
ONLINE_SECONDS = 30
RESIDENCE = "residence"
"""The source of a resident's own right to come in."""
FIRST_AT_GATE = 1_000_000
"""Enrolments at gates count from here, so that none is taken for one that the platform has."""


class Gate(CommunityModel):
    """A door, barrier or turnstile with a program of its own behind it.

    local_address: where phones on the same network reach it, such as http://192.168.1.20:8010. latitude, longitude: WGS-84.
    """

    class Kind(models.TextChoices):
        DOOR = "door", _("人行门")
        BARRIER = "barrier", _("车行道闸")

    class Direction(models.TextChoices):
        BOTH = "both", _("双向")
        IN = "in", _("入口")
        OUT = "out", _("出口")

    class Mode(models.TextChoices):
        NORMAL = "normal", _("正常")
        LOCKED = "locked", _("锁闭")
        FREE = "free", _("常开")

    privacy = EQUIPMENT
    isolation = Isolation()

    name = models.CharField(_("门禁名称"), max_length=60)
    place = models.CharField(_("位置"), max_length=120, blank=True)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind, default=Kind.DOOR)
    direction = models.CharField(_("方向"), max_length=10, choices=Direction, default=Direction.BOTH)
    latitude = models.FloatField(_("纬度"), null=True, blank=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True)
    local_address = models.URLField(_("局域网地址"), blank=True, help_text=_("同一网络里的手机用它与门禁直接通信"))
    mode = models.CharField(_("运行模式"), max_length=10, choices=Mode, default=Mode.NORMAL, editable=False)
    mode_number = models.BigIntegerField(default=0, editable=False, help_text=_("运行模式命令的序号，较大的有效"))
    nkey = models.CharField(_("门禁公钥"), max_length=64, unique=True, null=True, blank=True, editable=False)
    box_key = models.BinaryField(_("加密公钥"), null=True, editable=False)
    next_nkey = models.CharField(max_length=64, blank=True, default="", editable=False)
    next_box_key = models.BinaryField(null=True, editable=False)
    version = models.CharField(_("程序版本"), max_length=40, blank=True, editable=False)
    registered_at = models.DateTimeField(_("接入时间"), null=True, editable=False)
    seen_at = models.DateTimeField(_("最近在线"), null=True, editable=False)
    applied = models.BigIntegerField(_("已执行到"), default=0, editable=False, help_text=_("门禁已执行的授权消息序号"))
    report = models.JSONField(_("运行状态"), default=dict, editable=False)
    suspect_since = models.DateTimeField(
        _("删除回执存疑"), null=True, editable=False, help_text=_("门禁称已删除，但核对时发现仍有留存")
    )

    class Meta:
        verbose_name = _("门禁")
        verbose_name_plural = _("门禁")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["community", "name"], name="one_gate_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def online(self) -> bool:
        """Whether it has spoken lately."""
        return self.seen_at is not None and (timezone.now() - self.seen_at).total_seconds() < ONLINE_SECONDS


class RegistrationCode(CommunityModel):
    """A one-time code that lets a new device become a gate. Only its hash is kept."""

    privacy = EQUIPMENT
    isolation = Isolation()

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="codes")
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("接入码")
        verbose_name_plural = _("接入码")


class PhoneKey(models.Model):
    """The public half of a key that never leaves somebody's phone; it signs their QR permits."""

    privacy = Declares(
        subject="person_id",
        fields={
            "public": Personal(Category.CREDENTIAL, GATE_OPENING, _("手机开门公钥")),
            "created": Personal(Category.DEVICE, GATE_OPENING, _("登记时间")),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="phone_keys")
    public = models.BinaryField(max_length=65)
    label = Sealed(Category.DEVICE, purpose=GATE_OPENING, title=_("手机名称"), mask=shown)
    created = models.DateTimeField(_("登记时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("手机密钥")
        verbose_name_plural = _("手机密钥")
        ordering = ["created"]
        constraints = [models.UniqueConstraint(fields=["public"], name="one_owner_a_key")]


class Face(models.Model):
    """A person's face templates: several 128-number vectors, sealed. There is no photograph."""

    privacy = Declares(
        subject="person_id",
        fields={
            "rev": NotPersonal("counts enrolments"),
            "strict": Personal(Category.FACE, FACE_OPENING, _("是否与他人相像")),
            "enrolled_at": Personal(Category.FACE, FACE_OPENING, _("录入时间")),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="face")
    vectors = Sealed(Category.FACE, purpose=FACE_OPENING, title=_("人脸特征"), required=True)
    rev = models.PositiveIntegerField(default=1)
    strict = models.BooleanField(_("与他人相像"), default=False)
    enrolled_at = models.DateTimeField(_("录入时间"), auto_now=True)

    class Meta:
        verbose_name = _("人脸特征")
        verbose_name_plural = _("人脸特征")


class GateFace(models.Model):
    """That a person enrols their face at gates, by themself: the templates lie there alone. rev: which enrolment counts."""

    privacy = Declares(
        subject="person_id",
        fields={
            "rev": NotPersonal("counts enrolments"),
            "since": Personal(Category.FACE, FACE_AT_GATE, _("选择在门口录入的时间")),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="gate_face")
    rev = models.PositiveIntegerField(default=FIRST_AT_GATE)
    since = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = _("门口录入的人脸")
        verbose_name_plural = _("门口录入的人脸")


class Grant(CommunityModel):
    """A person's right to come in at one gate, as last told to it.

    source: what it comes from (sources.py). Each has a window and ways of its own.
    """

    privacy = Declares(
        subject="person_id",
        erase=Erase.KEEP,
        fields={
            "payload": Personal(Category.ENTRY, GATE_OPENING, _("通行授权")),
        },
        rest=NotPersonal("opaque ids and counters; the row goes when the gate has confirmed the end"),
    )
    isolation = Isolation(person="person_id")

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="grants", verbose_name=_("门禁"))
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants", verbose_name=_("住户"))
    source = models.CharField(_("来源"), max_length=50, default=RESIDENCE)
    holder = models.UUIDField(default=new_id, help_text=_("门禁所见的持有人编号"))
    payload = models.JSONField(default=dict)
    gone = models.BooleanField(_("已终止"), default=False)
    rev = models.PositiveIntegerField(default=1)
    sent_rev = models.PositiveIntegerField(default=0)
    sequence = models.BigIntegerField(default=0, help_text=_("授权消息序号"))

    class Meta:
        verbose_name = _("通行授权")
        verbose_name_plural = _("通行授权")
        constraints = [models.UniqueConstraint(fields=["gate", "person", "source"], name="one_grant_a_source")]
        indexes = [
            models.Index(fields=["holder"]),
            models.Index(fields=["gate"], name="grants_to_send", condition=models.Q(sent_rev__lt=models.F("rev"))),
        ]


class Way(models.TextChoices):
    """How somebody asked to be let in."""

    FACE = "face", _("人脸")
    QR = "qr", _("二维码")
    REMOTE = "remote", _("手机")
    NEARBY = "nearby", _("靠近开门")
    PLATE = "plate", _("车牌")
    CARD = "card", _("门禁卡")


class EntryResult(models.TextChoices):
    GRANTED = "granted", _("已开门")
    REFUSED = "refused", _("未开门")


class Entry(models.Model):
    """Something that happened at a gate: somebody came in, or was refused. Counted once by its id, which the gate made."""

    Result: TypeAlias = EntryResult

    privacy = Declares(
        subject="person_id",
        age="at",
        fields={
            "at": Personal(Category.ENTRY, GATE_OPENING, _("通行时间"), Retention.HALF_YEAR),
            "way": Personal(Category.ENTRY, GATE_OPENING, _("通行方式"), Retention.HALF_YEAR),
            "result": Personal(Category.ENTRY, GATE_OPENING, _("通行结果"), Retention.HALF_YEAR),
            "reason": Personal(Category.ENTRY, GATE_OPENING, _("结果说明"), Retention.HALF_YEAR),
            "score": Personal(Category.ENTRY, GATE_OPENING, _("相似度"), Retention.HALF_YEAR),
            "second": Personal(Category.ENTRY, GATE_OPENING, _("次相似度"), Retention.HALF_YEAR),
        },
        rest=NotPersonal("about the gate's clock and the message's journey"),
    )
    isolation = Isolation(person="person_id")

    id = models.UUIDField(primary_key=True, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("小区"))
    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="entries", verbose_name=_("门禁"))
    person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, related_name="entries", verbose_name=_("住户")
    )
    at = models.DateTimeField(_("时间"))
    way = models.CharField(_("方式"), max_length=10, choices=Way)
    result = models.CharField(_("结果"), max_length=10, choices=Result)
    reason = models.CharField(_("说明"), max_length=40)
    score = models.FloatField(_("相似度"), null=True)
    second = models.FloatField(_("次相似度"), null=True)
    offset_ms = models.IntegerField(_("门禁时差（毫秒）"), default=0)
    received_at = models.DateTimeField(_("收到时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("通行记录")
        verbose_name_plural = _("通行记录")
        ordering = ["-at"]
        indexes = [models.Index(fields=["person", "-id"]), models.Index(fields=["community", "-at"])]
