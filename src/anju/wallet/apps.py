from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WalletConfig(AppConfig):
    name = "anju.wallet"
    verbose_name = _("钱包")

    def ready(self) -> None:
        from anju.wallet import leaving, paying, transfers  # noqa: F401
