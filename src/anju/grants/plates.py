"""Number plates of the mainland (GA 36-2018): their forms, their one spelling, and which of them look alike to a camera."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What may stand in a serial number: no I and no O, which would be taken for 1 and 0."""
DIGITS = "0123456789"
_SPACING = re.compile(r"[\s·•・.\-_—]+")
_PROVINCE, _SERIAL = f"[{PROVINCES}]", f"[{LETTERS}{DIGITS}]"
_OFFICE = "[A-HJ-Z]"
"""The issuing office: any letter but I."""
_PURE, _HYBRID = "DABCE", "FGHJK"


class Fault(StrEnum):
    """What is wrong with a text that should be a plate."""

    EMPTY = "plate_empty"
    PROVINCE = "plate_province"
    OFFICE = "plate_office"
    LENGTH = "plate_length"
    LETTER_I_O = "plate_i_o"
    CHARACTER = "plate_character"
    FORM = "plate_form"


class Kind(StrEnum):
    """The colour that a plate of this form has; which ordinary ones are yellow the number does not say."""

    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    BLACK = "black"
    WHITE = "white"


class BadPlate(ValueError):
    """Not a plate; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class _Form:
    """where: for each place P province, L office, S serial, D digit, E energy, or the character itself."""

    places: str
    kind: Kind


_FORMS = (
    _Form("PLESDDDD", Kind.GREEN),
    _Form("PLDDDDDE", Kind.GREEN),
    _Form("PLSSSS学", Kind.YELLOW),
    _Form("PLSSSS挂", Kind.YELLOW),
    _Form("PLSSSS警", Kind.WHITE),
    _Form("PLSSSS港", Kind.BLACK),
    _Form("PLSSSS澳", Kind.BLACK),
    _Form("PLSSSS领", Kind.BLACK),
    _Form("使DDDDDD", Kind.BLACK),
    _Form("DDDDDD使", Kind.BLACK),
    _Form("PLSSSSS", Kind.BLUE),
)
_CLASSES = {"P": _PROVINCE, "L": _OFFICE, "S": _SERIAL, "D": "[0-9]", "E": f"[{_PURE}{_HYBRID}]"}
_PATTERNS = [(re.compile("".join(_CLASSES.get(one, one) for one in form.places)), form) for form in _FORMS]

_ALIKE = ("0DOQ", "8B", "1I", "2Z", "5S", "6G")
"""What a camera takes for each other: each class stands under its first character."""
_CANONICAL = str.maketrans({one: group[0] for group in _ALIKE for one in group})
_TO_DIGIT = str.maketrans("DOQBIZSG", "00081256")
_TO_LETTER = str.maketrans("0812567", "DBLZSGT")
_NO_SUCH_LETTER = str.maketrans("IO", "10")


def spell(text: str) -> str:
    """Full width, lower case, dots and spaces aside: the spelling that two people would give one plate."""
    return _SPACING.sub("", unicodedata.normalize("NFKC", text)).upper()


def parse(text: str) -> str:
    """`鲁 a·12345` -> `鲁A12345`. Raises BadPlate."""
    plate = spell(text)
    if _form_of(plate) is None:
        raise BadPlate(_fault(plate))
    return plate


def kind_of(plate: str) -> Kind:
    """Raises BadPlate when it is no plate."""
    form = _form_of(plate)
    if form is None:
        raise BadPlate(_fault(plate))
    return form.kind


def _form_of(plate: str) -> _Form | None:
    for pattern, form in _PATTERNS:
        if pattern.fullmatch(plate) and any(one in DIGITS for one in plate):
            return form
    return None


def _fault(plate: str) -> Fault:
    """The first thing that somebody who types can put right."""
    if not plate:
        return Fault.EMPTY
    if "使" in plate:
        return Fault.FORM
    if plate[0] not in PROVINCES:
        return Fault.PROVINCE
    if not re.fullmatch(_OFFICE, plate[1:2] or "-"):
        return Fault.OFFICE
    if len(plate) not in (7, 8):
        return Fault.LENGTH
    if set("IO") & set(plate[2:]):
        return Fault.LETTER_I_O
    if not re.fullmatch(f"{_SERIAL}+[学挂警港澳领]?", plate[2:]):
        return Fault.CHARACTER
    return Fault.FORM


def settle(read: str) -> str:
    """What a camera has read, with each place given the kind of character that belongs there; still no plate if it fits no form.

    Only what the form decides is changed: the place of a digit holds a digit, no serial number holds I or O.
    """
    plate = spell(read)
    head, tail = plate[:1], plate[1:]
    settled = head + tail[:1].translate(_TO_LETTER) + tail[1:].translate(_NO_SUCH_LETTER)
    if len(settled) == 8:
        settled = _settle_green(settled)
    return settled


def _settle_green(plate: str) -> str:
    """A new-energy plate: a letter and four digits at the end, or five digits and a letter."""
    if plate[2] in _PURE + _HYBRID:
        return plate[:4] + plate[4:].translate(_TO_DIGIT)
    if plate[7] in _PURE + _HYBRID:
        return plate[:2] + plate[2:7].translate(_TO_DIGIT) + plate[7]
    return plate


def alike(plate: str) -> str:
    """The form that a plate shares with every plate that a camera may take it for."""
    return plate[:1] + plate[1:].translate(_CANONICAL)


def marks(plate: str) -> tuple[str, str]:
    """What gates are told of this plate (as tags): itself, and its alike form."""
    return f"plate:{plate}", f"plate~:{alike(plate)}"
