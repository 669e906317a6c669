from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "anju.access"
    verbose_name = _("门禁与通行")

    def ready(self) -> None:
        from anju.access import actions, residence  # noqa: F401
