"""The sign-in of the console: allauth's pages, but for those that are the resident app's business."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, re_path


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """Signing up, numbers and other devices are looked after in the resident app."""
    return redirect("account_login")


urlpatterns = [
    re_path(r"^(?:signup|email|confirm-email|password/reset|password/set|phone/change|sessions)/", _elsewhere),
    re_path(r"^login/code/$", _elsewhere),
    path("", include("allauth.urls")),
]
