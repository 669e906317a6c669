from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SipConfig(AppConfig):
    name = "anju.sip"
    verbose_name = _("SIP 话机")

    def ready(self) -> None:
        from anju.intercom import ice
        from anju.intercom.extras import extras
        from anju.sip import devices, joining, place, recipients, sleeping  # noqa: F401

        extras.append(devices.sip_for_gate)
        ice.relays.append(place.turn)
