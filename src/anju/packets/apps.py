from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PacketsConfig(AppConfig):
    name = "anju.packets"
    verbose_name = _("红包")

    def ready(self) -> None:
        from anju.packets import actions  # noqa: F401
