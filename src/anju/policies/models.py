"""The privacy documents as they were published, and who answered for them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.privacy.declarations import Declares, NotPersonal
from anju.privacy.models import APPEND_ONLY


class Version(models.Model):
    """The documents as published at one time, in every language, with the terms they were written from.

    documents: blocks by language and name. terms: as terms.py takes them. purposes: the codes a material change touches.
    """

    privacy = Declares(rest=NotPersonal("what the platform says of itself"))
    append_only = True

    number = models.PositiveIntegerField(_("版本"), primary_key=True)
    published_at = models.DateTimeField(_("发布时间"))
    effective_at = models.DateTimeField(_("生效时间"))
    material = models.BooleanField(_("重大变更"))
    purposes = models.JSONField(_("涉及的用途"), default=list)
    hash = models.CharField(_("指纹"), max_length=64)
    documents = models.JSONField(_("文件"))
    terms = models.JSONField(_("声明"))

    class Meta:
        verbose_name = _("隐私文件版本")
        verbose_name_plural = _("隐私文件版本")
        ordering = ["-number"]
        triggers = APPEND_ONLY


class Controller(models.Model):
    """Who answers for the personal data from `since` on: the platform was handed over, and everybody is asked anew."""

    privacy = Declares(rest=NotPersonal("a company's name"))
    append_only = True

    name = models.CharField(_("名称"), max_length=120)
    since = models.DateTimeField(_("起始时间"), unique=True)

    class Meta:
        verbose_name = _("个人信息处理者")
        verbose_name_plural = _("个人信息处理者")
        ordering = ["-since"]
        triggers = APPEND_ONLY
