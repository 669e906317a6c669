"""People: an account, the phone it belongs to, and the real name once it is checked."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.people.purposes import CHILD, REAL_NAME
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention
from anju.privacy.isolation import Isolation
from anju.privacy.masks import ends, family_name, last_four, shown
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed

PHONE = "phone"
"""The kind of mark in the vault's index under which a phone number leads to its person."""


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody with rights of their own. Their id is the subject of everything held about them."""

    privacy = Declares(
        subject="id",
        erase=Erase.FIELDS,
        fields={
            "password": Personal(Category.CREDENTIAL, ACCOUNT, _("登录密码（仅存哈希）"), Retention.ACCOUNT),
            "last_login": Personal(Category.ACCOUNT, ACCOUNT, _("最近登录时间"), Retention.ACCOUNT),
            "joined": Personal(Category.ACCOUNT, ACCOUNT, _("注册时间"), Retention.ACCOUNT),
            "language": Personal(Category.ACCOUNT, ACCOUNT, _("界面语言"), Retention.ACCOUNT),
            "phone_verified": Personal(Category.ACCOUNT, ACCOUNT, _("手机号是否已验证"), Retention.ACCOUNT),
        },
        rest=NotPersonal("a switch of the account"),
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    phone = Sealed(Category.PHONE, purpose=ACCOUNT, title=_("手机号"), mask=last_four, retention=Retention.ACCOUNT)
    phone_verified = models.BooleanField(_("手机号已验证"), default=False)
    nickname = Sealed(Category.ACCOUNT, purpose=ACCOUNT, title=_("昵称"), mask=shown, retention=Retention.ACCOUNT)
    language = models.CharField(_("语言"), max_length=10, default="zh-hans")
    is_staff = models.BooleanField(_("工作人员"), default=False)
    is_active = models.BooleanField(_("可用"), default=True)
    joined = models.DateTimeField(_("注册时间"), auto_now_add=True)

    objects = BaseUserManager["Person"]()

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return str(self.nickname or self.phone or _("未留联系方式的用户"))

    def get_full_name(self) -> str:
        return str(self)


class RealName(models.Model):
    """A name and ID number that staff (or a provider) have checked."""

    privacy = Declares(
        subject="person_id",
        fields={"verified_at": Personal(Category.ACCOUNT, REAL_NAME, _("核验时间"), Retention.ACCOUNT)},
        rest=NotPersonal("how it was checked"),
    )
    isolation = Isolation(community=None, person="person_id")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="real_name")
    name = Sealed(
        Category.NAME, purpose=REAL_NAME, title=_("姓名"), mask=family_name, required=True, retention=Retention.ACCOUNT
    )
    id_number = Sealed(
        Category.ID_NUMBER,
        purpose=REAL_NAME,
        title=_("身份证号"),
        mask=ends,
        required=True,
        retention=Retention.ACCOUNT,
    )
    verified_at = models.DateTimeField(_("核验时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("实名信息")
        verbose_name_plural = _("实名信息")


class Child(models.Model):
    """Somebody under fourteen, or who was when a guardian added them: a person without phone and password (guardians.py)."""

    privacy = Declares(
        subject="person_id",
        fields={"added_at": Personal(Category.ACCOUNT, CHILD, _("添加时间"), Retention.PURPOSE)},
    )

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="child")
    name = Sealed(Category.NAME, purpose=CHILD, title=_("孩子姓名"), mask=family_name, required=True)
    birth_date = Sealed(Category.ACCOUNT, purpose=CHILD, title=_("孩子出生日期"), required=True)
    added_at = models.DateTimeField(_("添加时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("孩子")
        verbose_name_plural = _("孩子")


class Guardianship(models.Model):
    """Who speaks for a child: confirmed from the guardian's own account, and ended for good.

    guardian: None while an invitation went to a number without an account, which looks the same to whoever invited.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("待确认")
        CONFIRMED = "confirmed", _("已确认")
        ENDED = "ended", _("已结束")

    privacy = Declares(
        subject="child_id",
        fields={
            "state": Personal(Category.ACCOUNT, CHILD, _("监护关系"), Retention.PURPOSE),
            "invited_by": NotPersonal("an opaque id"),
            "since": Personal(Category.ACCOUNT, CHILD, _("监护关系的起止时间"), Retention.PURPOSE),
            "confirmed_at": Personal(Category.ACCOUNT, CHILD, _("监护关系的起止时间"), Retention.PURPOSE),
            "ended_at": Personal(Category.ACCOUNT, CHILD, _("监护关系的起止时间"), Retention.PURPOSE),
        },
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="guardianships")
    guardian = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="guardianships")
    phone = Sealed(Category.PHONE, purpose=CHILD, title=_("受邀监护人的手机号"), mask=last_four)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.INVITED)
    invited_by = models.UUIDField(null=True)
    since = models.DateTimeField(_("起始时间"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)

    class Meta:
        verbose_name = _("监护关系")
        verbose_name_plural = _("监护关系")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["child", "guardian"], condition=~models.Q(state="ended"), name="one_guardianship_of_a_child"
            )
        ]


class KnownDevice(models.Model):
    """A browser that has signed in before, recognised by a random cookie; a new one is announced to the person."""

    privacy = Declares(
        subject="person_id",
        age="last_seen",
        fields={
            "mark": NotPersonal("hash of a random cookie"),
            "label": Personal(Category.DEVICE, ACCOUNT, _("设备类型"), Retention.HALF_YEAR),
            "first_seen": Personal(Category.DEVICE, ACCOUNT, _("首次登录时间"), Retention.HALF_YEAR),
            "last_seen": Personal(Category.DEVICE, ACCOUNT, _("最近登录时间"), Retention.HALF_YEAR),
        },
    )

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="devices")
    mark = models.BinaryField(max_length=32)
    label = models.CharField(_("设备"), max_length=60)
    first_seen = models.DateTimeField(_("首次登录"), auto_now_add=True)
    last_seen = models.DateTimeField(_("最近登录"), auto_now=True)

    class Meta:
        verbose_name = _("登录设备")
        verbose_name_plural = _("登录设备")
        constraints = [models.UniqueConstraint(fields=["person", "mark"], name="one_row_a_device")]


def person_of(user: Any) -> Person:  # Any: request.user before authentication is proven
    """The signed-in person. Raises TypeError when nobody is: an endpoint forgot to say who may call it."""
    if not isinstance(user, Person):
        raise TypeError("nobody is signed in")
    return user


def subject_of(user: Any) -> UUID:  # Any: as above
    return person_of(user).pk
