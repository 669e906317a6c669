from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    name = "anju.partners"
    verbose_name = _("第三方与消息")
