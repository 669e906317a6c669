"""The one purpose everything else stands on; declared here because even sending a code serves it."""

from django.utils.translation import gettext_lazy as _

from anju.privacy.purposes import Basis, Purpose

ACCOUNT = Purpose(
    code="account",
    title=_("注册与登录"),
    text=_("用手机号为您创建账号，发送验证码，并在新设备登录时提醒您，防止账号被他人使用。"),
    basis=Basis.CONSENT,
    version=1,
    optional=False,
    stops=(_("账号无法继续使用，其他功能也会一并停止"),),
)
