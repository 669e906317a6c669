"""Making sure, before something that cannot be undone, that it is the person: by a passkey of theirs, or a code to their phone.

What is asked for is kept in the session (encrypted at rest) under whose it is, and holds for ten minutes once it is answered. A
session may be another's than who calls: a program comes by a token of its own.
"""

import hmac
import secrets
import struct
import time
from typing import Any

from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django.http import HttpRequest
from django.utils.translation import gettext as _
from fido2.webauthn import UserVerificationRequirement

from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people.models import Person, person_of
from anju.privacy.refusals import Refused

_ASKED, _CHALLENGED, _PROVEN = "recheck_asked", "recheck_challenged", "recheck_proven"
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
    asked = _kept(request, _ASKED, person)
    if asked and time.time() - asked["at"] < AGAIN:
        raise Refused("too_many", _("验证码刚刚发出，请稍候再试。"), status=429)
    code = f"{secrets.randbelow(10**6):06}"
    text = _("【安居】您正在进行重要操作，验证码 %(code)s，5 分钟内有效。如非本人操作，请立即修改密码。")
    sms.send(person.phone.open(), text % {"code": code}, kind=OutboxMessage.Kind.CODE, subject=person.pk)
    _keep(request, _ASKED, person, code=code, tries=0)


def prove(request: HttpRequest, code: str) -> None:
    """Take in the code. Raises Refused; after five wrong ones a new code is needed."""
    person = person_of(request.user)
    asked = _kept(request, _ASKED, person)
    if not asked or time.time() - asked["at"] > LASTS or asked["tries"] >= TRIES:
        raise Refused("code_expired", _("验证码已失效，请重新获取。"), field="code")
    if not hmac.compare_digest(asked["code"].encode(), code.strip().encode()):
        request.session[_ASKED] = {**asked, "tries": asked["tries"] + 1}
        raise Refused("code_wrong", _("验证码不对，请核对后重新输入。"), field="code")
    del request.session[_ASKED]
    _keep(request, _PROVEN, person)


def challenge(request: HttpRequest) -> dict[str, Any]:  # Any: WebAuthn's JSON
    """What a passkey of this person is to sign, which their device does only once they have shown it who they are. Raises Refused."""
    person = person_of(request.user)
    credentials = webauthn.get_credentials(person)
    if not credentials:
        raise Refused("no_passkey", _("您还没有通行密钥，请用短信验证码验证。"), status=409)
    options, state = webauthn.get_server().authenticate_begin(credentials, UserVerificationRequirement.REQUIRED)
    _keep(request, _CHALLENGED, person, state=state)
    return dict(dict(options)["publicKey"])


def prove_by_passkey(request: HttpRequest, credential: dict[str, Any]) -> None:  # Any: WebAuthn's JSON
    """Take in what the passkey signed, judged and counted as at signing in. Raises Refused; each challenge is good for one try."""
    person = person_of(request.user)
    asked = _kept(request, _CHALLENGED, person)
    request.session.pop(_CHALLENGED, None)
    if not asked or time.time() - asked["at"] > LASTS:
        raise Refused("challenge_expired", _("验证已超时，请再试一次。"), status=409)
    form = ReauthenticateWebAuthnForm({"credential": credential}, user=person)
    webauthn.set_state(asked["state"])
    try:
        right = form.is_valid()
    except (LookupError, struct.error):  # how fido2 ends with some of what is no answer at all
        right = False
    finally:
        webauthn.clear_state()
    if not right:
        if form.has_error("credential", "too_many_login_attempts"):
            raise Refused("too_many", _("尝试次数太多，请过几分钟再试，或改用短信验证码。"), status=429)
        raise Refused("passkey_wrong", _("通行密钥没有通过验证，请再试一次，或改用短信验证码。"), status=403)
    form.save()
    _keep(request, _PROVEN, person)


def require(request: HttpRequest) -> None:
    """Raises Refused unless the person has proven in the last ten minutes that it is them."""
    proven = _kept(request, _PROVEN, person_of(request.user))
    if not proven or time.time() - proven["at"] > HOLDS:
        raise Refused("proof_required", _("请先验证是您本人。"), status=403)


def _keep(request: HttpRequest, name: str, person: Person, **facts: Any) -> None:  # Any: a session's JSON
    request.session[name] = {"who": str(person.pk), "at": time.time(), **facts}


def _kept(request: HttpRequest, name: str, person: Person) -> dict[str, Any] | None:  # Any: a session's JSON
    """What is kept for this person, not for whoever else the session may be of."""
    found = request.session.get(name)
    return found if isinstance(found, dict) and found.get("who") == str(person.pk) else None
