"""By which servers two devices find a way to each other when there is no direct one (RFC 8445, coturn's time-limited passwords)."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import NotRequired, TypedDict

from django.conf import settings

LASTS = 600
"""Seconds: a call is shorter."""


class IceServer(TypedDict):
    """As RTCPeerConnection takes it."""

    urls: list[str]
    username: NotRequired[str]
    credential: NotRequired[str]


relays: list[Callable[[], list[str]]] = []
"""What rooms above run; each is asked for the addresses of its relay, [] while it does not run."""


def addresses() -> list[str]:
    """Of the relay: the operator's, or else the one that runs here."""
    return settings.TURN_URLS or [one for relay in relays for one in relay()]


def servers() -> list[IceServer]:
    """For one device and one call. Their names say nothing of whose it is."""
    if not (urls := addresses()):
        return []
    name = f"{int(time.time()) + LASTS}:{secrets.token_hex(8)}"
    # SHA-1 is what the relay's protocol asks for; as a keyed code it is sound.
    code = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1).digest()
    return [{"urls": urls, "username": name, "credential": base64.b64encode(code).decode()}]
