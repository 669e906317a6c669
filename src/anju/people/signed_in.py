"""Who calls the API: a browser's session cookie, or a program's session token."""

from collections.abc import Callable
from typing import Any

from allauth.headless.contrib.ninja.security import x_session_token_auth
from django.http import HttpRequest
from ninja.security import APIKeyCookie

from anju.people.models import Person
from anju.privacy import scope


class _Cookie(APIKeyCookie):
    """The browser's session; writes need the CSRF header."""

    param_name = "anju_session"

    def authenticate(self, request: HttpRequest, key: str | None) -> Person | None:
        del key
        return request.user if isinstance(request.user, Person) else None


def _token(request: HttpRequest) -> Person | None:
    """A program's `X-Session-Token`, as django-allauth's headless app client gives it."""
    person: Person | None = x_session_token_auth(request)
    if person is not None:
        request.user = person
        scope.enter(person.pk)
    return person


# The token first: the cookie would ask a program that has none for its CSRF header.
signed_in: list[Callable[[HttpRequest], Any]] = [_token, _Cookie(csrf=True)]
