"""What leaves by the local default: messages that a deployment without an SMS contract shows to its staff instead."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.declarations import Category, Declares, NotPersonal, Personal, Retention
from anju.privacy.masks import last_four
from anju.privacy.models import new_id
from anju.privacy.sealed import Sealed


class OutboxMessage(models.Model):
    """A text message that would have gone to a phone. Gone after a day."""

    class Kind(models.TextChoices):
        CODE = "code", _("验证码")
        NOTICE = "notice", _("通知")

    privacy = Declares(
        subject="subject",
        age="at",
        fields={
            "subject": NotPersonal("an opaque id"),
            "kind": NotPersonal("the kind of message"),
            "at": Personal(Category.MESSAGE, ACCOUNT, _("发送时间"), Retention.ONE_DAY),
        },
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.UUIDField(db_index=True, editable=False)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    phone = Sealed(Category.PHONE, purpose=ACCOUNT, title=_("手机号"), mask=last_four, retention=Retention.ONE_DAY)
    text = Sealed(Category.MESSAGE, purpose=ACCOUNT, title=_("短信内容"), retention=Retention.ONE_DAY)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("短信")
        verbose_name_plural = _("短信发件箱")
        ordering = ["-id"]
