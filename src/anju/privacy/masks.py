"""What may be shown of a value to someone who has no need for all of it."""

from collections.abc import Callable

Mask = Callable[[str], str]


def family_name(value: str) -> str:
    """张三丰 -> 张**"""
    return value[:1] + "*" * max(1, len(value) - 1)


def last_four(value: str) -> str:
    """+8613812345678 -> ****5678"""
    return "****" + value[-4:]


def ends(value: str) -> str:
    """110101199003077758 -> 1****************8"""
    return value[:1] + "*" * max(1, len(value) - 2) + value[-1:]


def plate(value: str) -> str:
    """鲁A12345 -> 鲁A***45"""
    return value[:2] + "*" * max(1, len(value) - 4) + value[-2:]


def hidden(value: str) -> str:
    """Nothing but that there is something."""
    del value
    return "***"


def shown(value: str) -> str:
    """For what a person chose to show, such as a nickname."""
    return value
