"""Owed and collected, month by month: bars as the server draws them, for a page that needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from anju.billing import runs
from anju.billing.arrears import Month
from anju.console.templatetags.money import yuan

HEIGHT, LEFT, TOP, BOTTOM = 260, 84, 14, 30
ROOM, BAR, APART = 62, 20, 3
"""Of a month, of one of its bars, and between the two."""
MOST, FEWEST = 12, 4
"""Months that have room, and that are left room for."""
STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 80, 100)


@dataclass(frozen=True)
class Bar:
    """title: what it stands for, in words."""

    x: int
    y: int
    height: int
    title: str


@dataclass(frozen=True)
class Column:
    """One month. middle: x."""

    label: str
    middle: int
    asked: Bar
    paid: Bar


@dataclass(frozen=True)
class Line:
    """A line across, at an amount."""

    y: int
    label: str


@dataclass(frozen=True)
class MonthChart:
    """told: the whole in a sentence, for whoever does not see it."""

    columns: list[Column]
    lines: list[Line]
    told: str
    width: int
    height: int = HEIGHT
    left: int = LEFT
    bar: int = BAR
    floor: int = HEIGHT - BOTTOM


def of(months: Sequence[Month]) -> MonthChart | None:
    """Oldest first, with those in between in which nothing was asked for. None: there is nothing to draw."""
    found = {one.month: one for one in months}
    if not any(one.asked for one in months):
        return None
    every = [found.get(day) or Month(day, 0, 0) for day in _between(min(found), max(found))][-MOST:]
    top = _top(max(max(one.asked, one.paid) for one in every))
    columns = [_column(one, LEFT + ROOM * place + ROOM // 2, top) for place, one in enumerate(every)]
    lines = [Line(_y(amount, top), f"{amount // 100:,}") for amount in (0, top // 2, top)]
    return MonthChart(columns, lines, _told(every), LEFT + ROOM * max(FEWEST, len(every)))


def _between(first: date, last: date) -> list[date]:
    days = [first]
    while days[-1] < last:
        days.append(runs.months_after(days[-1], 1))
    return days


def _top(most: int) -> int:
    """Twice the next round amount, in fen: whole yuan both."""
    power = 100
    while 2 * power * STEPS[-1] < most:
        power *= 10
    return next(2 * power * step for step in STEPS if 2 * power * step >= most)


def _y(amount: int, top: int) -> int:
    floor = HEIGHT - BOTTOM
    return floor - round((floor - TOP) * amount / top)


def _column(month: Month, middle: int, top: int) -> Column:
    name, floor = f"{month.month:%Y-%m}", HEIGHT - BOTTOM
    asked, paid = _y(month.asked, top), _y(month.paid, top)
    facts = {"month": name, "asked": yuan(month.asked), "paid": yuan(month.paid)}
    return Column(
        name,
        middle,
        Bar(middle - BAR - APART // 2, asked, floor - asked, _("%(month)s 应收 %(asked)s 元") % facts),
        Bar(middle + APART - APART // 2, paid, floor - paid, _("%(month)s 已收 %(paid)s 元") % facts),
    )


def _told(months: Sequence[Month]) -> str:
    last = months[-1]
    facts = {
        "first": f"{months[0].month:%Y-%m}", "last": f"{last.month:%Y-%m}", "asked": yuan(sum(one.asked for one in months)),
        "paid": yuan(sum(one.paid for one in months)), "share": last.share,
    }  # fmt: skip
    text = _(
        "%(first)s 至 %(last)s 共应收 %(asked)s 元，已收 %(paid)s 元；%(last)s 的收缴率是 %(share)s%%。每月的数字在表格里。"
    )
    return text % facts
