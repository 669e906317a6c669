"""De-identified statistics: a community's finished weeks, and no cell that fewer than ten people are behind.

A week is published once, as it came out of `suppress`, and never computed again: weeks do not overlap, and a figure that would
change with an erasure or a later look would give away by its change what it hides. There is no finer window and no filter.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models.functions import ExtractHour, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Entry, Way
from anju.homes.models import Application, Building, Community, Member
from anju.oversight.models import PseudonymKey, Published
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

K = 10
"""How many people at least stand behind a figure that is shown."""


@dataclass(frozen=True)
class Cell:
    """A figure before it is published. people: whoever is behind it."""

    label: str
    figure: int
    people: frozenset[UUID]


@dataclass(frozen=True)
class Shown:
    """A figure as it is published; None: left out."""

    label: str
    figure: int | None


def suppress(cells: Sequence[Cell]) -> tuple[list[Shown], int | None]:
    """What may be shown of a table, and its total.

    What is left out may not be computed from the total: it is nothing, or at least two cells with K people behind them
    together; where that cannot be had the total is left out as well.
    """
    hidden = {number for number, cell in enumerate(cells) if cell.figure and len(cell.people) < K}
    by_size = sorted((len(cell.people), number) for number, cell in enumerate(cells) if cell.figure)
    while hidden and not _safe([cells[number] for number in hidden]):
        more = next((number for _size, number in by_size if number not in hidden), None)
        if more is None:
            break
        hidden.add(more)
    together = not hidden or _safe([cells[number] for number in hidden])
    whole = frozenset().union(*(cell.people for cell in cells))
    total = sum(cell.figure for cell in cells) if together and (not whole or len(whole) >= K) else None
    return [Shown(cell.label, None if number in hidden else cell.figure) for number, cell in enumerate(cells)], total


def _safe(cells: Sequence[Cell]) -> bool:
    return len(cells) >= 2 and len(frozenset[UUID]().union(*(cell.people for cell in cells))) >= K


def _cells(
    labels: Iterable[tuple[Any, str]], rows: Iterable[tuple[Any, UUID]], figure: Callable[[int, int], int]
) -> list[Cell]:  # Any: whatever the rows are grouped by
    """Rows of (group, person) as cells; figure: of how many rows and how many people."""
    counts: dict[Any, int] = {}
    people: dict[Any, set[UUID]] = {}
    for group, person in rows:
        counts[group] = counts.get(group, 0) + 1
        people.setdefault(group, set()).add(person)
    return [
        Cell(label, figure(counts.get(group, 0), len(people.get(group, ()))), frozenset(people.get(group, ())))
        for group, label in labels
    ]


def _times(rows: int, people: int) -> int:
    del people
    return rows


def _people(rows: int, people: int) -> int:
    del rows
    return people


# --- a week ---------------------------------------------------------------------------------------------------------------


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks(today: date, count: int = 12) -> list[date]:
    """The Mondays of the finished weeks, newest first."""
    this = monday(today)
    return [this - timedelta(weeks=back) for back in range(1, count + 1)]


def _tables(community: Community, week: date) -> dict[str, list[Cell]]:
    zone = timezone.get_current_timezone()
    begin = datetime.combine(week, datetime.min.time(), zone)
    end = begin + timedelta(weeks=1)
    entries = Entry.objects.filter(
        community=community, at__gte=begin, at__lt=end, person__isnull=False, result=Entry.Result.GRANTED
    ).order_by()
    days = [week + timedelta(days=more) for more in range(7)]
    living = Member.objects.filter(community=community, since__lt=end).exclude(until__lte=end)
    buildings = Building.objects.filter(community=community).order_by("order", "name").values_list("pk", "name")
    decided = Application.objects.filter(community=community).order_by()
    certified = [
        ("submitted", person)
        for person in decided.filter(submitted_at__gte=begin, submitted_at__lt=end).values_list("person", flat=True)
    ]
    certified += decided.filter(decided_at__gte=begin, decided_at__lt=end).values_list("state", "person")
    return {
        "hours": _cells(
            [(hour, f"{hour:02}") for hour in range(24)], entries.values_list(ExtractHour("at"), "person"), _times
        ),
        "days": _cells(
            [(day, day.isoformat()) for day in days], entries.values_list(TruncDate("at"), "person"), _times
        ),
        "ways": _cells([(way, way) for way in Way.values], entries.values_list("way", "person"), _times),
        "certifications": _cells([(one, one) for one in ("submitted", "approved", "refused")], certified, _people),
        "buildings": _cells(buildings, living.values_list("home__unit__building", "person").order_by(), _people),
    }


def publish(community: Community, week: date) -> Published:
    """The week's figures, computed the first time they are asked for. Raises Refused: not a finished week."""
    if week != monday(week) or week not in weeks(timezone.localdate(), 53):
        raise Refused("unfinished_week", _("统计按完整的自然周提供，请选择已结束的一周。"), field="week")
    with transaction.atomic():
        found = Published.objects.filter(community=community, week=week).first()
        if found is not None:
            return found
        tables = {}
        for name, cells in _tables(community, week).items():
            shown, total = suppress(cells)
            tables[name] = {"cells": [[one.label, one.figure] for one in shown], "total": total}
        made, _created = Published.objects.get_or_create(community=community, week=week, defaults={"tables": tables})
        return made


# --- pseudonyms -----------------------------------------------------------------------------------------------------------

_MONTHS = UUID("0192f3c0-7a10-7000-8000-000000000001")
_PLACE = "oversight.pseudonymkey.key"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def pseudonym(subject: UUID, day: date) -> str:
    """Who this is for the length of the day's month; in another month somebody else. Raises Refused once the month is over."""
    month = _month(day)
    if month < _month(timezone.localdate()):
        raise Refused("month_over", _("这个月的化名密钥已销毁，不能再对应到人。"), status=410)
    return hmac.new(_key(month), subject.bytes, hashlib.sha256).hexdigest()[:32]


def _key(month: str) -> bytes:
    keeper = uuid5(_MONTHS, month)
    found = PseudonymKey.objects.filter(month=month).first()
    if found is None:
        vault().admit(keeper)
        fresh = vault().seal(keeper, _PLACE, secrets.token_bytes(32))
        found, _created = PseudonymKey.objects.get_or_create(month=month, defaults={"key": fresh})
    return vault().open(keeper, _PLACE, bytes(found.key))


def destroy_keys() -> int:
    """Destroy the keys of months that are over, in backups as well. Returns how many."""
    with transaction.atomic():
        old = list(PseudonymKey.objects.filter(month__lt=_month(timezone.localdate())))
        PseudonymKey.objects.filter(pk__in=[one.pk for one in old]).delete()
        if old:
            transaction.on_commit(lambda: vault().erase([uuid5(_MONTHS, one.month) for one in old]))
    return len(old)
