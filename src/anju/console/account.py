"""The sign-in of the console: allauth's pages, but for those that are the resident app's business."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, re_path


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """Signing up and numbers are looked after in the resident app."""
    return redirect("account_login")


def _devices(request: HttpRequest) -> HttpResponse:
    """Sign-ins have a page of their own, which shows devices as well."""
    return redirect("admin:devices")


urlpatterns = [
    re_path(r"^(?:signup|email|confirm-email|password/reset|password/set|phone/change)/", _elsewhere),
    path("sessions/", _devices),
    re_path(r"^login/code/$", _elsewhere),
    path("", include("allauth.urls")),
]
