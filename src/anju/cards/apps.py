from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CardsConfig(AppConfig):
    name = "anju.cards"
    verbose_name = _("门禁卡")

    def ready(self) -> None:
        from anju.cards import actions, rights_in  # noqa: F401
