"""The staff console: Django's admin in unfold's clothes, behind a second factor."""

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

from anju.console import second_factor


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]
    """Nobody enters with a password alone."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff and second_factor.proven(request))
