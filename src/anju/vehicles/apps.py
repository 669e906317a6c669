from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VehiclesConfig(AppConfig):
    name = "anju.vehicles"
    verbose_name = _("车辆与停车")

    def ready(self) -> None:
        from anju.vehicles import actions, arrivals, rights_in  # noqa: F401
