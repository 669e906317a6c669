"""Proofs: who agreed to what, and who looked at what. Both only ever grow."""

from typing import TypeAlias
from uuid import UUID

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from anju.privacy.declarations import Declares, Erase, NotPersonal


def new_id() -> UUID:
    """An id that may leave the server: UUIDv7, sortable by time."""
    return UUID(int=uuid7().int)


APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Consent(models.Model):
    """One act of agreeing to a purpose, or of taking it back."""

    class Action(models.TextChoices):
        GRANTED = "granted", _("同意")
        WITHDRAWN = "withdrawn", _("撤回")
        RESTRICTED = "restricted", _("限制处理")

    privacy = Declares(
        subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids and codes: the proof of an act")
    )
    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.UUIDField(_("当事人"))
    actor = models.UUIDField(_("操作人"), help_text=_("本人，或未满十四周岁时的监护人"))
    purpose = models.CharField(_("用途"), max_length=40)
    version = models.PositiveIntegerField(_("版本"))
    action = models.CharField(_("操作"), max_length=10, choices=Action)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("同意记录")
        verbose_name_plural = _("同意记录")
        indexes = [models.Index(fields=["subject", "purpose", "-id"])]
        triggers = APPEND_ONLY


class AuditEntry(models.Model):
    """One act of a member of staff or of the platform, by ids and field names, never by values."""

    class Action(models.TextChoices):
        UNMASK = "unmask", _("查看完整信息")
        ADD = "add", _("新增")
        CHANGE = "change", _("修改")
        DELETE = "delete", _("删除")
        DECIDE = "decide", _("审核")
        GATE = "gate", _("门禁操作")
        IMPORT = "import", _("导入")
        SIGN_IN = "sign_in", _("登录")
        GLASS = "glass", _("紧急查看")
        EXPORT = "export", _("导出")
        DISCLOSE = "disclose", _("依法提供")
        INCIDENT = "incident", _("安全事件")
        VISIT = "visit", _("访客接待")
        PARKING = "parking", _("停车管理")
        CALL = "call", _("对讲")

    privacy = Declares(
        subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids, field names and reason codes")
    )
    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    actor = models.UUIDField(_("操作人"), null=True)
    subject = models.UUIDField(_("当事人"), null=True)
    action = models.CharField(_("操作"), max_length=10, choices=Action)
    target = models.CharField(_("对象"), max_length=80)
    target_id = models.CharField(_("对象编号"), max_length=40)
    fields = models.JSONField(_("字段"), default=list)
    reason = models.CharField(_("理由"), max_length=40)

    class Meta:
        verbose_name = _("审计记录")
        verbose_name_plural = _("审计记录")
        indexes = [models.Index(fields=["subject", "-id"]), models.Index(fields=["actor", "-id"])]
        triggers = APPEND_ONLY


class AuditLink(models.Model):
    """One proof's place in the hash chain: chain.py seals every proof within a minute."""

    privacy = Declares(rest=NotPersonal("numbers, opaque ids and hashes"))
    append_only = True

    number = models.BigIntegerField(primary_key=True)
    kind = models.CharField(_("类型"), max_length=10)
    row = models.UUIDField(unique=True)
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("审计封存")
        verbose_name_plural = _("审计封存")
        triggers = APPEND_ONLY


class SharingResult(models.TextChoices):
    SENT = "sent", _("已发出")
    FAILED = "failed", _("未送达")
    REFUSED = "refused", _("已拦截")


class Sharing(models.Model):
    """One time that something about a person left for a third party, or was stopped. Field names only, never values.

    What is sent is written down before it goes; a second row says when it did not arrive.
    """

    Result: TypeAlias = SharingResult

    privacy = Declares(subject="subject", erase=Erase.KEEP, rest=NotPersonal("opaque ids, field names and codes"))
    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    subject = models.UUIDField(_("当事人"))
    recipient = models.CharField(_("接收方"), max_length=40)
    purpose = models.CharField(_("用途"), max_length=40)
    fields = models.JSONField(_("字段"), default=list)
    result = models.CharField(_("结果"), max_length=10, choices=Result)

    class Meta:
        verbose_name = _("对外提供记录")
        verbose_name_plural = _("对外提供记录")
        indexes = [models.Index(fields=["subject", "-id"]), models.Index(fields=["recipient", "-id"])]
        triggers = APPEND_ONLY
