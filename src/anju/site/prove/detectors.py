"""Recognising what must never stand in a log: phones, ID numbers, bank cards, plates."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_PHONE = re.compile(rb"(?<![\w.])(?:\+?86[- ]?)?1[3-9]\d{9}(?![\w.])")
_ID = re.compile(rb"(?<![\w.])\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?!\w)")
_CARD = re.compile(rb"(?<![\w.])[3-6]\d{15,18}(?![\w.])")
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][A-HJ-NP-Z0-9]{5,6}".encode()
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Found:
    """What was found where, without the value."""

    kind: str
    place: str


def _is_id(text: bytes) -> bool:
    """GB 11643's check digit."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17].decode(), _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17:].decode().upper()


def _is_card(text: bytes) -> bool:
    """Luhn."""
    digits = [int(one) for one in text.decode()][::-1]
    return sum(digits[0::2] + [sum(divmod(2 * one, 10)) for one in digits[1::2]]) % 10 == 0


_KINDS: dict[str, tuple[re.Pattern[bytes], Callable[[bytes], bool]]] = {
    "phone": (_PHONE, lambda _: True),
    "id_number": (_ID, _is_id),
    "card": (_CARD, _is_card),
    "plate": (_PLATE, lambda _: True),
}


def detect(content: bytes) -> list[str]:
    """The kinds of personal values in a text."""
    return [kind for kind, (pattern, holds) in _KINDS.items() if any(holds(one) for one in pattern.findall(content))]


def in_files(paths: Iterable[Path]) -> list[Found]:
    """What stands in these files."""
    return [Found(kind, str(path)) for path in paths for kind in detect(path.read_bytes())]
