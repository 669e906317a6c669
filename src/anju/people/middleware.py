"""What surrounds a sign-in: the device cookie, and a kind word for who tries too often."""

from collections.abc import Callable

from allauth.core.exceptions import RateLimited
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from anju.people import devices


class DeviceMiddleware:
    """Leaves the device cookie after a sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return devices.remember(request, self._get_response(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """allauth answers most limits itself; those met while a code is being sent come out as an exception."""
        del request
        if not isinstance(error, RateLimited):
            return None
        message = _("操作太频繁，请过一分钟再试。")
        return JsonResponse({"status": 429, "errors": [{"code": "too_many", "message": message}]}, status=429)
