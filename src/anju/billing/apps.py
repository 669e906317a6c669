from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "anju.billing"
    verbose_name = _("物业收费")

    def ready(self) -> None:
        from anju.billing import dials, online, parking  # noqa: F401
