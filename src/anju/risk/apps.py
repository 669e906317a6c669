from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskConfig(AppConfig):
    name = "anju.risk"
    verbose_name = _("资金风险")
