from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RentalsConfig(AppConfig):
    name = "anju.rentals"
    verbose_name = _("租房")

    def ready(self) -> None:
        from anju.rentals import leases  # noqa: F401
