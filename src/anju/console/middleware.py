"""Staff see the communities they work for, and only in the console and with a second factor."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from anju.console import second_factor
from anju.homes.models import duties
from anju.privacy import scope

CONSOLE = "/console/"


class StaffMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(CONSOLE) and request.user.is_authenticated and request.user.is_staff:
            if second_factor.proven(request):
                person = request.user
                scope.enter(person.pk, {scope.EVERY} if person.is_superuser else duties(person.pk))
            elif not request.path.startswith(f"{CONSOLE}account/"):
                # Signed in, but not with enough: set the second factor up, or sign in again with it.
                return redirect(reverse("account_login" if is_mfa_enabled(request.user) else "mfa_activate_totp"))
        return self._get_response(request)
