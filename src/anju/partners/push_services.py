"""The push services of the browsers' makers: they wake a browser whose page is closed (RFC 8030).

A browser chooses its service; the address it gives must be one of theirs, or of the operator's own (`ANJU_PUSH_HOSTS`).
"""

import hashlib
import os
import time
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from anju.grants import encoding
from anju.partners import web_push
from anju.partners.purposes import ACCOUNT
from anju.partners.web_push import Keys
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient
from anju.privacy.purposes import Basis, Purpose
from anju.privacy.refusals import Text

PUSH = Purpose(
    code="push",
    title=_("推送通知"),
    text=_(
        "应用关着时，也能在这台设备上提醒您来电和新通知。提醒由您浏览器厂商的推送服务转送：Chrome 用谷歌，Firefox 用 Mozilla，"
        "Safari 用苹果，Edge 用微软或谷歌，服务器多在境外；厂商名单和隐私政策见《第三方共享清单》。内容端到端加密，厂商读不到，里面也没有姓名、电话和房号；"
        "厂商能知道的是这台设备的推送地址，以及本平台何时发过提醒。在中国大陆，谷歌的服务常常连不上，提醒可能迟到或收不到，请不要只依靠它。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("应用关着时不再提醒来电和新通知，打开应用仍能看到"), _("各台设备的推送地址会被删除")),
)
_FIELDS = {"address": Category.DEVICE, "message": Category.MESSAGE}
_WHY: Text = _("应用关着时，把一条加密的提醒送到您的浏览器；送到或过期后不再保留")


def _service(code: str, title: Text, company: Text, link: str, *hosts: str) -> Recipient:
    return Recipient(
        code=code,
        title=title,
        company=company,
        purpose=PUSH,
        fields=_FIELDS,
        why=_WHY,
        link=link,
        address=lambda: None,
        hosts=lambda: hosts,
        keeps=False,
    )


def _own_hosts() -> Collection[str]:
    return os.environ.get("ANJU_PUSH_HOSTS", "").split()


SERVICES = (
    _service(
        "push_google",
        _("谷歌推送服务"),
        _("Google LLC（美国）"),
        "https://policies.google.com/privacy",
        "fcm.googleapis.com",
    ),
    _service(
        "push_mozilla",
        _("Mozilla 推送服务"),
        _("Mozilla Corporation（美国）"),
        "https://www.mozilla.org/privacy/firefox/",
        "*.push.services.mozilla.com",
    ),
    _service(
        "push_apple",
        _("苹果推送服务"),
        _("Apple Inc.（美国）"),
        "https://www.apple.com/legal/privacy/",
        "*.push.apple.com",
    ),
    _service(
        "push_microsoft",
        _("微软推送服务"),
        _("Microsoft Corporation（美国）"),
        "https://privacy.microsoft.com/privacystatement",
        "*.notify.windows.com",
    ),
    Recipient(
        code="push_own",
        title=_("自设的推送服务"),
        company=_("由本平台的运营方自行设置；未设置时不向它提供"),
        purpose=PUSH,
        fields=_FIELDS,
        why=_WHY,
        link="",
        address=lambda: None,
        hosts=_own_hosts,
        keeps=False,
    ),
)


def service_of(address: str) -> Recipient | None:
    """Whose a subscription's address is; None: nobody's we send to."""
    return next((one for one in SERVICES if one.owns(address)), None)


class NotTaken(OSError):
    """A push service did not take a message. status: its answer. after: seconds it asks to be left alone for."""

    def __init__(self, status: int, after: int = 0) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.after = after

    @property
    def gone(self) -> bool:
        """Whether the subscription is no more."""
        return self.status in (404, 410)

    @property
    def passing(self) -> bool:
        """Whether it may be taken later."""
        return self.status == 429 or self.status >= 500


def send(address: str, values: Mapping[str, str], *, keys: Keys | None, seconds: int, urgent: bool, topic: str) -> None:
    """Hand one message over, to be delivered within `seconds`; it takes the place of a waiting one with the same topic.

    keys: None to say nothing, and wake alone.

    Raises NotTaken, and OSError when the service is not reached.
    """
    parts = urlsplit(address)
    contact = settings.ORIGIN if settings.HTTPS else None
    headers = {
        "Authorization": web_push.authorization(f"{parts.scheme}://{parts.netloc}", contact),
        "TTL": str(seconds),
        "Urgency": "high" if urgent else "normal",
        "Topic": encoding.encode(hashlib.sha256(topic.encode()).digest())[:32],
    }
    body = b""
    if keys is not None:
        headers |= {"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream"}
        body = web_push.seal(values["message"].encode(), keys)
    _require_way(parts.netloc)
    try:
        answer = httpx.post(
            address,
            content=body,
            headers=headers,
            timeout=httpx.Timeout(5 if urgent else 10, connect=4),
            trust_env=False,
        )
    except httpx.HTTPError as error:
        _unreached[parts.netloc] = (_unreached.get(parts.netloc, (0, 0))[0] + 1, time.monotonic())
        raise OSError(type(error).__name__) from None  # its text holds the address
    _unreached.pop(parts.netloc, None)
    if answer.status_code >= 300:
        after = answer.headers.get("Retry-After", "")
        raise NotTaken(answer.status_code, int(after) if after.isdecimal() else 0)


PAUSE = 15
_MANY = 3
_unreached: dict[str, tuple[int, float]] = {}
"""Hosts that were not reached: how often in a row, and when last."""


def _require_way(host: str) -> None:
    """Where a service is cut off, what hangs on it must not keep others' calls waiting. Raises OSError for a while."""
    times, last = _unreached.get(host, (0, 0))
    if times >= _MANY and time.monotonic() < last + PAUSE:
        raise OSError("not reached just now")
