from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "anju.people"
    verbose_name = _("用户")

    def ready(self) -> None:
        from anju.people import actions, declarations, guardians, signals  # noqa: F401
