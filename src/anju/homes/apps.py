from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HomesConfig(AppConfig):
    name = "anju.homes"
    verbose_name = _("小区与房屋")

    def ready(self) -> None:
        from anju.homes import household, staffing  # noqa: F401
