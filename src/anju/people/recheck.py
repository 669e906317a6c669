"""Making sure, before something that cannot be undone, that it is the person: a code to the phone the account belongs to.

What is asked for is kept in the session (encrypted at rest), and holds for ten minutes once it is answered.
"""

import hmac
import secrets
import time

from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people.models import person_of
from anju.privacy.refusals import Refused

_ASKED, _PROVEN = "recheck_asked", "recheck_proven"
LASTS = 300
HOLDS = 600
TRIES = 5
AGAIN = 30
"""Seconds before another code may be asked for."""


def ask(request: HttpRequest) -> None:
    """Send a code. Raises Refused when one was sent just now, or there is no phone."""
    person = person_of(request.user)
    if not person.phone:
        raise Refused("no_phone", _("账号没有手机号，请联系物业协助核实身份。"), status=409)
    asked = request.session.get(_ASKED)
    if asked and time.time() - asked["at"] < AGAIN:
        raise Refused("too_many", _("验证码刚刚发出，请稍候再试。"), status=429)
    code = f"{secrets.randbelow(10**6):06}"
    text = _("【安居】您正在进行重要操作，验证码 %(code)s，5 分钟内有效。如非本人操作，请立即修改密码。")
    sms.send(person.phone.open(), text % {"code": code}, kind=OutboxMessage.Kind.CODE, subject=person.pk)
    request.session[_ASKED] = {"code": code, "at": time.time(), "tries": 0}


def prove(request: HttpRequest, code: str) -> None:
    """Take in the code. Raises Refused; after five wrong ones a new code is needed."""
    asked = request.session.get(_ASKED)
    if not asked or time.time() - asked["at"] > LASTS or asked["tries"] >= TRIES:
        raise Refused("code_expired", _("验证码已失效，请重新获取。"), field="code")
    if not hmac.compare_digest(asked["code"].encode(), code.strip().encode()):
        request.session[_ASKED] = {**asked, "tries": asked["tries"] + 1}
        raise Refused("code_wrong", _("验证码不对，请核对后重新输入。"), field="code")
    del request.session[_ASKED]
    request.session[_PROVEN] = time.time()


def require(request: HttpRequest) -> None:
    """Raises Refused unless the person has proven in the last ten minutes that it is them."""
    if time.time() - request.session.get(_PROVEN, 0) > HOLDS:
        raise Refused("proof_required", _("请先用短信验证码确认是您本人。"), status=403)
