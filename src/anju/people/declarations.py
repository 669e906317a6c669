"""What the libraries' own tables hold."""

from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.declarations import Category, Declares, Erase, NotPersonal, Personal, Retention, declare

declare("auth.Permission", Declares(rest=NotPersonal("names of rights")))
declare("auth.Group", Declares(rest=NotPersonal("names of groups")))
declare("contenttypes.ContentType", Declares(rest=NotPersonal("names of models")))
declare(
    "sessions.Session",
    Declares(rest=NotPersonal("encrypted whole under a platform key; ends with sign-out or in two weeks")),
)
declare("admin.LogEntry", Declares(rest=NotPersonal("not written: the console's acts go to the audit")))
declare("account.EmailAddress", Declares(rest=NotPersonal("unused: accounts have phones only")))
declare("account.EmailConfirmation", Declares(rest=NotPersonal("unused: accounts have phones only")))
declare(
    "usersessions.UserSession",
    Declares(
        subject="user_id",
        age="last_seen_at",
        title=_("登录会话"),
        fields={
            "ip": Personal(Category.NETWORK, ACCOUNT, _("登录网络地址（隐去末段）"), Retention.HALF_YEAR),
            "user_agent": Personal(Category.DEVICE, ACCOUNT, _("浏览器类型"), Retention.HALF_YEAR),
            "created_at": Personal(Category.ACCOUNT, ACCOUNT, _("登录时间"), Retention.HALF_YEAR),
            "last_seen_at": Personal(Category.ACCOUNT, ACCOUNT, _("最近活动时间"), Retention.HALF_YEAR),
            "session_key": Personal(Category.CREDENTIAL, ACCOUNT, _("会话编号"), Retention.HALF_YEAR),
        },
        rest=NotPersonal("unused"),
    ),
)
declare(
    "mfa.Authenticator",
    Declares(
        subject="user_id",
        title=_("第二重验证"),
        fields={
            "data": Personal(Category.CREDENTIAL, ACCOUNT, _("第二重验证方式（加密保存）"), Retention.ACCOUNT),
            "last_used_at": Personal(Category.ACCOUNT, ACCOUNT, _("最近使用时间"), Retention.ACCOUNT),
        },
        rest=NotPersonal("the kind of second factor"),
    ),
)
for _table in ("ProcrastinateJob", "ProcrastinateEvent", "ProcrastinatePeriodicDefer", "ProcrastinateWorker"):
    declare(f"procrastinate.{_table}", Declares(rest=NotPersonal("jobs carry opaque ids only"), erase=Erase.KEEP))
