from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitorsConfig(AppConfig):
    name = "anju.visitors"
    verbose_name = _("访客")

    def ready(self) -> None:
        from anju.visitors import arrivals, hosts, own, rights_in  # noqa: F401
