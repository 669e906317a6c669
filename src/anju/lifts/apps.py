from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LiftsConfig(AppConfig):
    name = "anju.lifts"
    verbose_name = _("电梯")

    def ready(self) -> None:
        from anju.lifts import rights_in  # noqa: F401
