"""What a carrier's last answer means to whoever keeps the line (RFC 3261, 21)."""

from django.utils.translation import gettext as _

from anju.privacy.refusals import Text
from anju.sip.models import Trunk

_NOT_PROVEN = (401, 403, 407)
_SILENT = (408, 477, 478, 500, 503, 504)


def good(trunk: Trunk) -> bool | None:
    """None: it has not been asked yet, or is not to be. A carrier that answers a question with no is there all the same."""
    if trunk.off or not trunk.state:
        return None
    if trunk.registers:
        return 200 <= trunk.state < 300
    return trunk.state not in (*_NOT_PROVEN, *_SILENT)


def said(trunk: Trunk) -> Text:
    if trunk.off:
        return _("已停用")
    if not trunk.state:
        return _("等待检查")
    if good(trunk):
        return _("已注册") if trunk.registers else _("运营商有响应")
    if trunk.state in _NOT_PROVEN:
        return _("账号或密码不对（%(code)s）") % {"code": trunk.state}
    if trunk.state in _SILENT:
        return _("运营商没有响应（%(code)s）") % {"code": trunk.state}
    return _("运营商不接受（%(code)s）") % {"code": trunk.state}


def hint(trunk: Trunk) -> Text:
    """What to do; "" when all is well."""
    if good(trunk) is not False:
        return ""
    if trunk.state in _NOT_PROVEN:
        return _("请核对账号、密码，以及运营商是否允许本机的 IP 地址")
    if trunk.state in _SILENT:
        return _("请核对服务器地址、端口、传输方式和防火墙")
    return _("请把代码告诉运营商")


def tried(status: int) -> tuple[bool, Text]:
    """What a test call came to, and whether it rang."""
    if 180 <= status < 300:
        return True, _("您的电话应该响了，接起后会听到测试语音。")
    if status in _NOT_PROVEN:
        return False, _("运营商拒绝了呼叫（%(code)s），请核对账号、密码和来电显示的号码。") % {"code": status}
    if status in (404, 484, 604):
        return False, _("运营商提示空号（%(code)s），请核对被叫号码格式。") % {"code": status}
    if status in _SILENT:
        return False, _("运营商没有响应（%(code)s），请核对服务器地址和防火墙。") % {"code": status}
    return False, _("没有接通（%(code)s）。") % {"code": status}
