from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoliciesConfig(AppConfig):
    name = "anju.policies"
    verbose_name = _("隐私文件")

    def ready(self) -> None:
        from anju.privacy import consent

        consent.ask_anew_from("select max(since) from policies_controller where since <= statement_timestamp()")
