"""Dividing a red packet: every share is at least one fen, together they are exact, and no place in the queue is better than another."""

import secrets
from collections.abc import Sequence
from itertools import pairwise

_dice = secrets.SystemRandom()


def equal(amount: int, count: int) -> list[int]:
    """Raises ValueError when it does not come out even."""
    if count < 1 or amount < count or amount % count:
        raise ValueError("not even")
    return [amount // count] * count


def lucky(amount: int, count: int) -> list[int]:
    """One of all ways to cut `amount` fen into `count` shares, each as likely as any other: so every place has the same chances.

    Raises ValueError when there is less than a fen for each.
    """
    if count < 1 or amount < count:
        raise ValueError("less than a fen for each")
    return parts(amount, _dice.sample(range(1, amount), count - 1))


def parts(amount: int, cuts: Sequence[int]) -> list[int]:
    """What lies between the cuts."""
    edges = [0, *sorted(cuts), amount]
    return [after - before for before, after in pairwise(edges)]
