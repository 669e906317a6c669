"""Phone numbers in their one spelling, E.164."""

import phonenumbers
from django.utils.translation import gettext as _

from anju.privacy.refusals import Refused


def parse(text: str) -> str:
    """`138 1234 5678` -> `+8613812345678`. Raises Refused."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException as error:
        raise Refused("phone_form", _("手机号格式不对，请核对后重新输入。"), field="phone") from error
    if not phonenumbers.is_valid_number(number):
        raise Refused("phone_form", _("手机号格式不对，请核对后重新输入。"), field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
