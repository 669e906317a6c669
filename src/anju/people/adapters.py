"""How django-allauth reaches our people: phones live in the vault's index, codes go out as text messages."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.fields import PhoneField
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.installation.keyring import secret
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people import phone as phones
from anju.people.models import PHONE, Person, person_of
from anju.people.signals import left
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault


class AccountAdapter(DefaultAccountAdapter):
    """Accounts by phone. A number leads to a person only once they proved that it is theirs."""

    def clean_phone(self, phone: str) -> str:
        try:
            return phones.parse(phone)
        except Refused as refused:
            raise ValidationError(str(refused.message), code=refused.code) from refused

    def phone_form_field(self, **options: Any) -> PhoneField:  # Any: a form field's own options
        """Takes a number as people write it: `clean_phone` judges it, not a pattern."""
        return PhoneField(**{"validators": [], "label": _("手机号"), **options})

    def new_user(self, request: HttpRequest) -> Person:
        del request
        return Person()

    def set_phone(self, user: AbstractBaseUser, phone: str, verified: bool) -> None:
        person = person_of(user)
        vault().admit(person.pk)
        person.phone = phone
        person.phone_verified = verified
        person.save(update_fields=["phone", "phone_verified"])
        if verified:
            vault().claim(PHONE, phone, person.pk)

    def get_phone(self, user: AbstractBaseUser) -> tuple[str, bool] | None:
        person = person_of(user)
        return (person.phone.open(), person.phone_verified) if person.phone else None

    def set_phone_verified(self, user: AbstractBaseUser, phone: str) -> None:
        other = self.get_user_by_phone(phone)
        if other is not None and other.pk != user.pk:
            raise Refused("phone_taken", _("这个手机号已属于另一个账号，请直接登录。"), status=409)
        self.set_phone(user, phone, True)

    def get_user_by_phone(self, phone: str) -> Person | None:
        subject = vault().find(PHONE, phone)
        person = Person.objects.filter(pk=subject).first() if subject else None
        # The index lies beside the database and knows no roll-back: it leads, but only the row says that it is so.
        holds = person and person.phone_verified and person.phone and person.phone.open() == phone
        return person if holds else None

    def generate_phone_verification_code(self, *, user: AbstractBaseUser, phone: str) -> str:
        del user, phone
        return f"{secrets.randbelow(10**6):06}"

    def generate_login_code(self) -> str:
        return f"{secrets.randbelow(10**6):06}"

    def send_verification_code_sms(self, user: AbstractBaseUser | None, phone: str, code: str, **_options: Any) -> None:
        text = _("【安居】验证码 %(code)s，5 分钟内有效。工作人员不会向您索要验证码。") % {"code": code}
        sms.send(phone, text, kind=OutboxMessage.Kind.CODE, subject=_known(user))

    def send_unknown_account_sms(self, phone: str, **_options: Any) -> None:
        text = _("【安居】有人用这个手机号登录，但它还没有注册。如果是您本人，请在登录页选择“注册”。")
        sms.send(phone, text, kind=OutboxMessage.Kind.NOTICE, subject=None)

    def send_account_already_exists_sms(self, phone: str) -> None:
        text = _("【安居】有人用这个手机号注册，但它已经注册过了。如果是您本人，请直接用验证码登录。")
        sms.send(phone, text, kind=OutboxMessage.Kind.NOTICE, subject=vault().find(PHONE, phone))


def _known(user: AbstractBaseUser | None) -> UUID | None:
    return user.pk if isinstance(user, Person) and vault().knows(user.pk) else None


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Signing a browser out from elsewhere."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        for one in sessions:
            left(person_of(one.user), SessionStore(one.session_key))
            one.end()


class MFAAdapter(DefaultMFAAdapter):
    """Second factors, with their secrets encrypted at rest."""

    def encrypt(self, text: str) -> str:
        nonce = secrets.token_bytes(12)
        return urlsafe_b64encode(
            nonce + AESGCM(secret("second-factors")).encrypt(nonce, text.encode(), b"mfa")
        ).decode()

    def decrypt(self, encrypted_text: str) -> str:
        raw = urlsafe_b64decode(encrypted_text)
        return AESGCM(secret("second-factors")).decrypt(raw[:12], raw[12:], b"mfa").decode()


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Django's cache KEY_FUNCTION: rate limits are counted under phones and addresses, which must not lie in the cache table."""
    return hmac.new(secret("cache-keys"), f"{key_prefix}:{version}:{key}".encode(), hashlib.sha256).hexdigest()
