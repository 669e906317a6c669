"""Leaves the device cookie after a sign-in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from anju.people import devices


class DeviceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return devices.remember(request, self._get_response(request))
