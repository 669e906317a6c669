"""What things cost, in fen: pure arithmetic, rounded half up once at the end of each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Tier:
    """A step of a tariff. upto: units within the tier's time, None for all above. price: yuan a unit."""

    upto: Decimal | None
    price: Decimal


def fen(yuan: Decimal) -> int:
    """Half a fen counts as one."""
    return int((yuan * 100).quantize(Decimal(1), ROUND_HALF_UP))


def plain(quantity: Decimal, price: Decimal) -> int:
    """So many units at one price, such as square metres or kilowatt hours."""
    return fen(quantity * price)


def tiered(quantity: Decimal, tiers: Sequence[Tier], before: Decimal = Decimal(0)) -> int:
    """Units by steps (阶梯). before: what was used in the same tier's time already."""
    total, begin = Decimal(0), before
    left = quantity
    for tier in tiers:
        room = left if tier.upto is None else max(Decimal(0), min(left, tier.upto - begin))
        total += room * tier.price
        begin, left = begin + room, left - room
        if left <= 0:
            break
    if left > 0:
        raise ValueError("the last tier has an end")
    return fen(total)


def shared(total: int, weights: Mapping[T, Decimal]) -> dict[T, int]:
    """Divide fen by weights so that they add up: whoever lost most by rounding down gets a fen first; ties in the order given."""
    whole = sum(weights.values(), Decimal(0))
    if whole <= 0:
        raise ValueError("nothing to share by")
    exact = {key: Decimal(total) * weight / whole for key, weight in weights.items()}
    found = {key: int(value) for key, value in exact.items()}
    rest = total - sum(found.values())
    for key in sorted(exact, key=lambda one: found[one] - exact[one])[:rest]:
        found[key] += 1
    return found


@dataclass(frozen=True)
class LateFee:
    """What is owed for paying late (滞纳金). rate: per ten thousand a day. grace: days after the due date. cap: per cent of the bill at most."""

    rate: Decimal = Decimal(0)
    grace: int = 0
    cap: int = 100

    def accrued(self, unpaid: int, due: date, since: date, today: date) -> int:
        """Fen for the days after `since` (up to which it is counted already) until today, without the cap."""
        begin = max(since, date.fromordinal(due.toordinal() + self.grace))
        days = (today - begin).days
        if days <= 0 or self.rate <= 0:
            return 0
        return int((Decimal(unpaid) * self.rate * days / 10_000).quantize(Decimal(1), ROUND_HALF_UP))

    def most(self, amount: int) -> int:
        """The cap, in fen."""
        return amount * self.cap // 100
