"""The 18-character citizen's ID number (GB 11643-1999)."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.privacy.refusals import Refused

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_digit(first17: str) -> str:
    """The 18th character that the first 17 digits demand (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def of_nobody(born: str, serial: int) -> str:
    """A well-formed number that nobody has, for demos and tests: area 000000 is not assigned. born: YYYYMMDD; serial: 0 to 999."""
    first = f"000000{born}{serial:03}"
    return first + check_digit(first)


def parse(text: str) -> str:
    """The number in its one spelling. Raises Refused with what is wrong with it."""
    number = text.strip().upper().replace(" ", "")
    if len(number) != 18 or not number[:17].isascii() or not number[:17].isdigit() or number[17] not in "0123456789X":
        raise Refused("id_number_form", _("身份证号应为 18 位，请核对后重新输入。"), field="id_number")
    if check_digit(number[:17]) != number[17]:
        raise Refused("id_number_check", _("身份证号的最后一位对不上，可能有数字输错了，请核对。"), field="id_number")
    try:
        born = birthday(number)
    except ValueError as error:
        raise Refused("id_number_date", _("身份证号里的出生日期不存在，请核对。"), field="id_number") from error
    if not date(1900, 1, 1) <= born <= timezone.localdate():
        raise Refused("id_number_date", _("身份证号里的出生日期不存在，请核对。"), field="id_number")
    return number


def birthday(number: str) -> date:
    """The date of birth in a number. Raises ValueError."""
    return datetime.strptime(number[6:14], "%Y%m%d").date()  # noqa: DTZ007  a day has no time zone
