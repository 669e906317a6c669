from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntercomConfig(AppConfig):
    name = "anju.intercom"
    verbose_name = _("可视对讲")

    def ready(self) -> None:
        from anju.intercom import at_gate, forgetting  # noqa: F401
