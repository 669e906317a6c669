"""Who may be in the console, and see what: staff, with a second factor, for as long as they are there."""

import time
from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from anju.homes import staffing
from anju.homes.models import duties
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.staff import OPERATOR

CONSOLE = "/console/"
ACCOUNT = "/console/account/"
IDLE_SECONDS = 30 * 60
ENTERED = "console_entered"
"""In a session: its sign-in to the console is on the record."""

_SEEN = "console_seen"
_SEEN_EVERY = 60  # how exact the idle time is: each note of it writes the session

BACKGROUND = "X-Background"
"""The header of what a page asks by itself: an open page alone keeps nobody signed in."""

# Alpine, which moves unfold's menus, evaluates expressions from attributes: 'unsafe-eval' must stay.
# Inline scripts need not; inline styles carry unfold's colours and the charts' sizes.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class StaffMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(CONSOLE):
            return self._get_response(request)
        response = _stop(request) or self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _stop(request: HttpRequest) -> HttpResponse | None:
    """What to answer instead of the page; None: they may go on, with `request.duties` and a scope set."""
    person = request.user
    at_the_door = request.path.startswith(ACCOUNT)
    if not isinstance(person, Person):
        return None  # the site and the account pages send them to the sign-in
    if not person.is_staff:
        return None if at_the_door else render(request, "console/not_staff.html", status=403)
    if staffing.proven(request):
        if _idle(request):
            return _sign_in_again(request, "idle")
        _admit(request, person)
        _record(request, person)
        return None
    if at_the_door:
        return None
    if is_mfa_enabled(person):
        return _sign_in_again(request, "second_factor")
    return redirect("mfa_activate_totp")


def _admit(request: HttpRequest, person: Person) -> None:
    held: dict[str, set[UUID]] = {}
    for community, names in duties(person.pk).items():
        for name in names:
            held.setdefault(name, set()).add(community)
    request.duties = {name: frozenset(where) for name, where in held.items()}  # type: ignore[attr-defined]
    if person.is_superuser:
        request.duties[OPERATOR] = frozenset()  # type: ignore[attr-defined]
    scope.enter(person.pk, {scope.EVERY} if person.is_superuser else set().union(*held.values()))


def _record(request: HttpRequest, person: Person) -> None:
    """One line for each sign-in to the console."""
    if ENTERED not in request.session:
        audit.record(AuditEntry.Action.SIGN_IN, person, actor=person.pk, subject=person.pk)
        request.session[ENTERED] = True


def _idle(request: HttpRequest) -> bool:
    """Whether nobody has been here for too long; notes that somebody is."""
    now, seen = time.time(), request.session.get(_SEEN)
    if seen is not None and now - seen > IDLE_SECONDS:
        return True
    if BACKGROUND not in request.headers and (seen is None or now - seen > _SEEN_EVERY):
        request.session[_SEEN] = now
    return False


def _sign_in_again(request: HttpRequest, why: str) -> HttpResponse:
    """Out first, so that the sign-in page does not take them for signed in and send them back here."""
    logout(request)
    if BACKGROUND in request.headers:
        return HttpResponse(status=401)
    back = request.get_full_path() if request.method == "GET" else CONSOLE
    return redirect(f"{reverse('account_login')}?why={why}&next={quote(back)}")
