"""The telephone carrier, as the list of third parties names it."""

from django.utils.translation import gettext_lazy as _

from anju.installation.ports import outer
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient
from anju.sip import place
from anju.sip.purposes import INTERCOM_TELEPHONE


def _address() -> str | None:
    """Our own SIP server, which alone reaches the carrier; which carrier that is, the trunk says (trunk.py)."""
    return f"sip://{place.address()}:{outer('sip')}" if place.runs() else None


CARRIER = Recipient(
    code="carrier",
    title=_("电话运营商"),
    company=_("由本平台的运营方签约；未签约时不向任何人提供，也不拨打电话"),
    purpose=INTERCOM_TELEPHONE,
    fields={"phone": Category.PHONE},
    why=_("有人呼叫住户家时拨打住户选择的电话"),
    link="",
    address=_address,
)
