from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UtilitiesConfig(AppConfig):
    name = "anju.utilities"
    verbose_name = _("生活缴费")

    def ready(self) -> None:
        from anju.utilities import paying  # noqa: F401
