from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FleetConfig(AppConfig):
    name = "anju.fleet"
    verbose_name = _("门禁设备")

    def ready(self) -> None:
        from anju.fleet import alarms  # noqa: F401
