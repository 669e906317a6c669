from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, served as the staff console."""

    default_site = "anju.console.sites.ConsoleSite"


class ConsoleConfig(AppConfig):
    name = "anju.console"
    verbose_name = _("控制台")

    def ready(self) -> None:
        from anju.console import second_factor  # noqa: F401
