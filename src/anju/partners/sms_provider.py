"""The text message provider, where a deployment has a contract: JSON over HTTPS, signed.

`ANJU_SMS_URL` gets `POST {"phone": E.164, "text": …, "at": ISO 8601}` with the header `X-Anju-Signature`: hexadecimal
HMAC-SHA256 of the body under `ANJU_SMS_SECRET`. Any answer below 300 means that it took the message. A provider with an
interface of its own needs a few lines in front of this one.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping

import httpx
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient

SMS = Recipient(
    code="sms",
    title=_("短信服务商"),
    company=_("由本平台的运营方签约；未签约时不向任何人提供，短信由物业转告"),
    purpose=ACCOUNT,
    fields={"phone": Category.PHONE, "text": Category.MESSAGE},
    why=_("发送验证码和重要通知"),
    link=os.environ.get("ANJU_SMS_PRIVACY", ""),
    address=lambda: os.environ.get("ANJU_SMS_URL") or None,
)


def send(address: str, values: Mapping[str, str]) -> None:
    """Hand one message over. Raises OSError when the provider did not take it."""
    body = json.dumps({**values, "at": timezone.now().isoformat()}, ensure_ascii=False).encode()
    key = os.environ.get("ANJU_SMS_SECRET", "").encode()
    headers = {
        "Content-Type": "application/json",
        "X-Anju-Signature": hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
    try:
        answer = httpx.post(address, content=body, headers=headers, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from None  # its text holds the request
    if answer.status_code >= 300:
        raise OSError(f"HTTP {answer.status_code}")
