"""What the platform tells a person, and the browsers that are woken for it."""

from typing import TypeAlias

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.partners.push_services import PUSH
from anju.people.models import Person
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed


class NoticeKind(models.TextChoices):
    HOME = "home", _("房屋")
    SECURITY = "security", _("安全")
    FACE = "face", _("人脸")
    POLICY = "policy", _("隐私政策")
    RIGHTS = "rights", _("个人信息")
    VISITOR = "visitor", _("访客")
    VEHICLE = "vehicle", _("车辆")
    RENTAL = "rental", _("租房")
    GATE = "gate", _("门禁")
    CALL = "call", _("对讲")
    FEES = "fees", _("缴费")
    WALLET = "wallet", _("钱包")


class Notice(models.Model):
    """One message in a person's list."""

    Kind: TypeAlias = NoticeKind

    privacy = Declares(
        subject="person_id",
        age="at",
        fields={
            "kind": NotPersonal("the kind of message"),
            "at": Personal(Category.MESSAGE, ACCOUNT, _("时间"), Retention.HALF_YEAR),
            "read_at": Personal(Category.MESSAGE, ACCOUNT, _("阅读时间"), Retention.HALF_YEAR),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    title = Sealed(Category.MESSAGE, purpose=ACCOUNT, title=_("标题"), retention=Retention.HALF_YEAR, required=True)
    body = Sealed(Category.MESSAGE, purpose=ACCOUNT, title=_("内容"), retention=Retention.HALF_YEAR, required=True)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    read_at = models.DateTimeField(_("阅读时间"), null=True)

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        ordering = ["-id"]
        indexes = [models.Index(fields=["person", "-id"])]


class PushSubscription(models.Model):
    """A browser that may be woken while its page is closed. session: it ends with the sign-in it was made in.

    Without keys: another device of the person's, which is only woken; session is of its name.
    """

    privacy = Declares(
        subject="person_id",
        fields={
            "session": NotPersonal("hash of a session's number"),
            "label": Personal(Category.DEVICE, PUSH, _("设备类型"), Retention.PURPOSE),
            "at": Personal(Category.DEVICE, PUSH, _("开启时间"), Retention.PURPOSE),
        },
    )
    isolation = Isolation(community=None, person="person_id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="push_subscriptions")
    endpoint = Sealed(Category.DEVICE, purpose=PUSH, title=_("推送地址"), required=True)
    keys = Sealed(Category.CREDENTIAL, purpose=PUSH, title=_("推送密钥"))
    session = models.BinaryField(max_length=32)
    label = models.CharField(_("设备"), max_length=60)
    at = models.DateTimeField(_("开启时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("推送设备")
        verbose_name_plural = _("推送设备")
        ordering = ["id"]
        indexes = [models.Index(fields=["session"])]
