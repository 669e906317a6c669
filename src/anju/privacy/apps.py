from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "anju.privacy"
    verbose_name = _("隐私与审计")

    def ready(self) -> None:
        from anju.privacy import checks  # noqa: F401

        post_migrate.connect(_isolate, sender=self)


def _isolate(using: str, **_: Any) -> None:  # Any: the signal's own arguments
    from anju.privacy import isolation

    isolation.apply(using)
