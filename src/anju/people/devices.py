"""Recognising browsers: a random cookie, its hash on our side, and a coarse description."""

import hashlib
import re
import secrets
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from anju.people.models import KnownDevice, Person

COOKIE = "anju_device"
_NOTED = "device"
_YEAR = 365 * 24 * 3600

_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


def describe(user_agent: str) -> str:
    """`Chrome · Android`: enough to recognise one's own phone, too little to recognise a person by."""
    browser = next((name for mark, name in _BROWSERS if re.search(mark, user_agent)), "")
    system = next((name for mark, name in _SYSTEMS if re.search(mark, user_agent)), "")
    return " · ".join(part for part in (browser, system) if part) or "—"


def coarse(address: str) -> str:
    """203.0.113.77 -> 203.0.113.0; an IPv6 address keeps its /48."""
    found = ip_address(address)
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False).network_address)


def recognise(request: HttpRequest, person: Person) -> bool:
    """Note this browser for this person. Returns whether it is new to someone who already had one."""
    cookie = request.COOKIES.get(COOKIE) or secrets.token_urlsafe(24)
    request.META["anju.device"] = cookie
    mark = hashlib.sha256(cookie.encode()).digest()
    request.session[_NOTED] = mark.hex()
    had_any = person.devices.exists()
    _, created = KnownDevice.objects.update_or_create(
        person=person, mark=mark, defaults={"label": describe(request.headers.get("User-Agent", ""))}
    )
    return created and had_any


def of_session(session: SessionBase) -> bytes | None:
    """The mark of the browser on which this session was begun; None for one that is over, or older than marks are noted."""
    return bytes.fromhex(session.get(_NOTED, "")) or None


def signed_in_on(request: HttpRequest, person: Person) -> bytes | None:
    """The mark of the browser on which this person, who calls, has signed in. A program's token is the key of its session."""
    token = request.headers.get("X-Session-Token")
    sessions = [SessionStore(token), request.session] if token else [request.session]
    return next((of_session(one) for one in sessions if one.get(SESSION_KEY) == str(person.pk)), None)


def since(request: HttpRequest, person: Person) -> datetime:
    """When this browser was first seen with this person; now, where it was not."""
    mark = hashlib.sha256(request.COOKIES.get(COOKIE, "").encode()).digest()
    known = person.devices.filter(mark=mark).first()
    return known.first_seen if known else timezone.now()


def remember(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Leave the cookie with a browser that has just signed in."""
    cookie = request.META.get("anju.device")
    if cookie:
        response.set_cookie(
            COOKIE, cookie, max_age=_YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    return response
