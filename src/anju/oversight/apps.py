from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OversightConfig(AppConfig):
    name = "anju.oversight"
    verbose_name = _("内部监督")

    def ready(self) -> None:
        from anju.oversight import newcomers  # noqa: F401
