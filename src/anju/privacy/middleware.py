"""Each request sees nothing until it is known whose it is."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from anju.privacy import scope


class ScopeMiddleware:
    """Must stand first: sessions and users are read inside it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scope.request():
            return self._get_response(request)


class PersonMiddleware:
    """A signed-in person sees their own rows. Must stand behind authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            scope.enter(request.user.pk)
        return self._get_response(request)
