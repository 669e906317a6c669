from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "anju.notices"
    verbose_name = _("通知")

    def ready(self) -> None:
        from anju.notices import actions, push  # noqa: F401
