"""What lets a browser open an event stream: short-lived, signed, naming the channels it may hear."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from anju.installation.keyring import secret

SECONDS = 60


class BadTicket(ValueError):
    """Not ours, or too old: the client asks for a new one."""


def _seal(body: bytes) -> bytes:
    return hmac.new(secret("live-tickets"), body, hashlib.sha256).digest()[:16]


def make(channels: Sequence[str]) -> tuple[str, datetime]:
    """A ticket for these channels (`person.<id>`, `community.<id>`) and when it expires. It opens a stream once it is shown in time;
    the stream itself lasts until it is closed, ten minutes at most."""
    expires = int(time.time()) + SECONDS
    body = json.dumps([expires, *channels], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(body) + body).rstrip(b"=").decode(), datetime.fromtimestamp(expires, UTC)


def read(ticket: str) -> list[str]:
    """The channels a ticket opens. Raises BadTicket."""
    try:
        raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    except ValueError as error:
        raise BadTicket from error
    if not hmac.compare_digest(raw[:16], _seal(raw[16:])):
        raise BadTicket
    expires, *channels = json.loads(raw[16:])
    if expires < time.time():
        raise BadTicket
    return [str(channel) for channel in channels]
