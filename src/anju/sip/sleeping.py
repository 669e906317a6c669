"""Devices that sleep, and are woken by a push when there is a call (RFC 8599). The push service is one for browsers (`webpush`, RFC 8030).

Others wake nothing but the program of who made them, with a secret that they alone have: those devices ring while they are awake.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import structlog
from django.db.models.signals import post_delete
from django.dispatch import receiver

from anju.intercom.models import Call
from anju.intercom.queries import RINGS
from anju.notices import push
from anju.partners import web_push
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.sip.models import Kind, SipDevice

log = structlog.get_logger()
PROVIDER = "webpush"
CAPABILITIES = f'*;+sip.pns="{PROVIDER}";+sip.vapid="{{}}"'
"""What a device is told that will be woken: by which service, and who alone may wake it (RFC 8599, 4 and 8)."""
MOST_ADDRESS = 2000


def _how(contact: str) -> dict[str, str]:
    """The parameters of an address, as a device gives it when it registers."""
    address = contact.partition("<")[2].partition(">")[0] or contact
    pairs = (one.partition("=") for one in address.split(";")[1:])
    return {name.strip().lower(): unquote(text.strip()) for name, _equals, text in pairs}


def registers(username: str, contact: str, expires: str) -> str:
    """A device says where it is, and perhaps how it is woken. Returns what it is told: "" when it will not be.

    RFC 8599 would have those refused whose service is not known (555). They are not: they would not ring even while they are awake.
    """
    how = _how(contact)
    address = how.get("pn-prid", "")
    ends = expires.strip() == "0" or re.search(r";\s*expires=0\b", contact)
    with scope.platform():
        device = SipDevice.objects.select_related("person").filter(username=username, kind=Kind.SOFTPHONE).first()
        if device is None or device.person is None:
            return ""
        if not ends and how.get("pn-provider") == PROVIDER and 0 < len(address) <= MOST_ADDRESS:
            try:
                push.subscribe(device.person, username, endpoint=address, keys=None, label="SIP")
                return CAPABILITIES.format(web_push.public_key())
            except Refused as refused:
                log.info("sip_not_woken", code=refused.code)
        push.end(username)
    return ""


def wake(call: Call, devices: Iterable[SipDevice]) -> bool:
    """Wake those of them that sleep. Returns whether there are any, for whom the call must stay open."""
    names = [one.username for one in devices if one.kind == Kind.SOFTPHONE]
    seconds = int((RINGS - timedelta(seconds=3)).total_seconds())
    woken = [push.wake_device(name, tag=f"sip-{call.pk}", seconds=seconds) for name in names]
    return any(woken)


@receiver(post_delete, sender=SipDevice)
def _gone(instance: SipDevice, **_: Any) -> None:  # Any: the signal's own arguments
    push.end(instance.username)
