"""The staff console: Django's admin in unfold's clothes, behind a second factor."""

from typing import Any
from urllib.parse import quote

from django.contrib.auth import logout as sign_out
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from unfold.sites import UnfoldAdminSite

from anju.homes import staffing
from anju.privacy.staff_admin import StaffAdmin


class ConsoleSite(UnfoldAdminSite):
    """Nobody enters with a password alone."""

    index_template = "console/dashboard.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:  # Any: as the parent's
        """Libraries' own pages are left out: they know neither duties nor the audit."""
        if isinstance(admin_class, type) and issubclass(admin_class, StaffAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff and staffing.proven(request))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:  # Any: as the parent's
        """Signing in is allauth's: it knows second factors and rate limits."""
        return redirect(f"{reverse('account_login')}?next={quote(request.GET.get('next', reverse('admin:index')))}")

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:  # Any: as the parent's
        if request.method == "POST":
            sign_out(request)
        return redirect("account_login")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:  # Any: as above
        return redirect("account_change_password")

    def extra_urls(self) -> list[URLPattern]:
        from anju.console.urls import pages  # the pages import the site

        return pages
