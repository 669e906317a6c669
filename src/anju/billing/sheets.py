"""Meter readings from a spreadsheet: every fault named by its row, all of it taken or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing.models import Basis, Bill, FeeItem, Meter, Reading
from anju.billing.readings import counted_to, parsed
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_FEES
from anju.homes.models import Home
from anju.homes.queries import words
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, as the spreadsheet numbers it."""

    row: int
    text: Text


@dataclass(frozen=True)
class Line:
    """A home's reading as a row gives it."""

    row: int
    home: Home
    value: Decimal


def read(item: FeeItem, day: date, cells: list[list[str]]) -> tuple[list[Line], list[Fault]]:
    """Rows of home and reading, after one of headings. What a meter showed before must not be more."""
    rows = Home.objects.filter(community=item.community_id).select_related("unit__building")
    homes = {tuple(words(one.label)): one for one in rows}
    known, fixed = _known(item, day), _fixed(item, day)
    lines: list[Line] = []
    faults: list[Fault] = []
    seen: set[UUID] = set()
    for number, row in enumerate(cells[1:], 2):
        if not any(row):
            continue
        home, value = homes.get(tuple(words(row[0]))), parsed(row[1] if len(row) > 1 else "")
        if home is None:
            faults.append(Fault(number, _("没有这套房屋：%(home)s") % {"home": row[0]}))
        elif value is None:
            faults.append(Fault(number, _("读数应是不小于 0 的数字")))
        elif home.pk in seen:
            faults.append(Fault(number, _("这套房屋在表格里出现了两次")))
        elif fixed.get(home.pk, value) != value:
            faults.append(Fault(number, _("这一天的读数已计入账单，不能修改；请用下一次抄表更正")))
        elif value < known.get(home.pk, Decimal(0)):
            text = _("比上次读数 %(value)s 小；换了新表的请在“抄表记录”里单独录入")
            faults.append(Fault(number, text % {"value": f"{known[home.pk].normalize():f}"}))
        else:
            seen.add(home.pk)
            lines.append(Line(number, home, value))
    return lines, faults


def _known(item: FeeItem, day: date) -> dict[UUID, Decimal]:
    """What each home's meter showed last before a day."""
    rows = Reading.objects.filter(meter__item=item, day__lt=day).order_by("meter", "-day").distinct("meter")
    return dict(rows.values_list("meter__home", "value"))


def _fixed(item: FeeItem, day: date) -> dict[UUID, Decimal]:
    """Readings of a day that stand in a bill which somebody was asked to pay."""
    counted = counted_to(Bill.objects.filter(item=item).exclude(state__in=Bill.UNASKED))
    there = Reading.objects.filter(meter__item=item, day=day).values_list("meter__home", "value")
    return {home: value for home, value in there if home in counted and counted[home] >= day}


@transaction.atomic
def take_in(staff: Person, item: FeeItem, day: date, cells: list[list[str]]) -> tuple[int, list[Fault]]:
    """Write the readings of a day; homes without a meter get one. Returns how many, or what is wrong. Raises Refused."""
    require_duty(staff, item.community_id, *KEEP_FEES.duties)
    if item.basis not in (Basis.METER, Basis.TIERED):
        raise Refused("no_meter", _("这个收费项目不按表计费。"), field="item")
    if day > timezone.localdate():
        raise Refused("bad_day", _("抄表日期不能晚于今天。"), field="day")
    with scope.community(item.community_id):
        lines, faults = read(item, day, cells)
        if not faults:
            _write(staff, item, day, lines)
            audit.record(AuditEntry.Action.IMPORT, item, actor=staff.pk, reason="readings")
    return (0, faults) if faults else (len(lines), [])


def _write(staff: Person, item: FeeItem, day: date, lines: Iterable[Line]) -> None:
    meters = {one.home_id: one for one in Meter.objects.filter(item=item)}
    missing = [
        Meter(community_id=item.community_id, item=item, home=one.home) for one in lines if one.home.pk not in meters
    ]
    meters |= {one.home_id: one for one in Meter.objects.bulk_create(missing, batch_size=2000)}
    Reading.objects.bulk_create(
        [
            Reading(
                community_id=item.community_id, meter=meters[one.home.pk], day=day, value=one.value,
                how=Reading.How.SHEET, by=staff.pk, collector=None, at=None,
            )
            for one in lines
        ],
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["meter", "day"],
        update_fields=["value", "how", "by", "collector", "at"],
    )  # fmt: skip
