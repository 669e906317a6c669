"""Homes from a spreadsheet: first a plan of what would happen, row by row; then all of it or nothing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_HOMES
from anju.homes.models import Building, Community, Home, Unit
from anju.homes.spreadsheets import Cells
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text

COLUMNS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "building": (gettext_lazy("楼栋"), ("楼栋", "楼号", "building")),
    "unit": (gettext_lazy("单元"), ("单元", "unit")),
    "room": (gettext_lazy("房号"), ("房号", "室号", "room")),
    "floor": (gettext_lazy("楼层"), ("楼层", "floor")),
    "area": (gettext_lazy("建筑面积"), ("建筑面积", "面积", "area")),
}
"""Each column's title and its possible headings; what follows in brackets, such as a unit, is ignored."""
LONGEST = {"building": 40, "unit": 40, "room": 20}
LOWEST, HIGHEST = -20, 200
LARGEST = Decimal(100_000)

Place = tuple[str, str, str]
"""Building, unit and room: what makes a home."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with one cell. row: as the spreadsheet numbers it."""

    row: int
    column: Text
    text: Text


@dataclass(frozen=True)
class Row:
    """A home as a row of the file gives it. area: square metres."""

    number: int
    building: str
    unit: str
    room: str
    floor: int
    area: Decimal | None

    @property
    def place(self) -> Place:
        return self.building, self.unit, self.room


@dataclass
class Plan:
    """What an import would do. skipped: rows whose home is there already; they stay as they are."""

    new: list[Row] = field(default_factory=list)
    skipped: int = 0
    faults: list[Fault] = field(default_factory=list)
    buildings: set[str] = field(default_factory=set)
    units: set[tuple[str, str]] = field(default_factory=set)


def existing(community: UUID) -> set[Place]:
    """The homes that a community has."""
    return set(Home.objects.filter(community=community).values_list("unit__building__name", "unit__name", "room"))


def plan(rows: Sequence[Cells], known: set[Place]) -> Plan:
    """What importing these rows (headings first) would do to a community with the homes `known`."""
    made = Plan()
    where = _columns(rows[0] if rows else [], made)
    if made.faults:
        return made
    first_seen: dict[Place, int] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cells):
            continue
        row = _row(number, {name: cells[at] if at < len(cells) else "" for name, at in where.items()}, made)
        if row is None:
            continue
        if row.place in first_seen:
            made.faults.append(Fault(number, _("房号"), _("与第 %(row)s 行重复。") % {"row": first_seen[row.place]}))
            continue
        first_seen[row.place] = number
        if row.place in known:
            made.skipped += 1
        else:
            made.new.append(row)
    made.buildings = {row.building for row in made.new} - {building for building, _unit, _room in known}
    made.units = {(row.building, row.unit) for row in made.new} - {(building, unit) for building, unit, _room in known}
    if not first_seen and not made.faults:
        made.faults.append(Fault(2, _("整行"), _("表格里没有房屋，请从第 2 行开始填写。")))
    return made


def _columns(headings: Cells, made: Plan) -> dict[str, int]:
    plain = [re.split(r"[（(]", heading)[0].strip().lower() for heading in headings]
    where = {}
    for name, (title, spellings) in COLUMNS.items():
        at = next((at for at, heading in enumerate(plain) if heading in spellings), None)
        if at is not None:
            where[name] = at
        elif name != "area":
            made.faults.append(Fault(1, title, _("缺少这一列，请对照模板补上。")))
    return where


def _row(number: int, cells: dict[str, str], made: Plan) -> Row | None:
    """A row's home, or None after noting everything that is wrong with it."""
    faults: list[Fault] = []

    def fault(name: str, text: str) -> None:
        faults.append(Fault(number, COLUMNS[name][0], text))

    for name, value in cells.items():
        if value.startswith("="):
            fault(name, _("这里是公式，请改为直接填写结果。"))
        elif not value and name != "area":
            fault(name, _("没有填写。"))
        elif len(value) > LONGEST.get(name, 20):
            fault(name, _("太长，最多 %(count)s 个字。") % {"count": LONGEST.get(name, 20)})
    if faults:
        made.faults += faults
        return None
    floor, area = 0, None
    try:
        floor = _floor(cells["floor"])
    except ValueError:
        fault("floor", _("“%(value)s”不是楼层，请填写整数，例如 12 或 -1。") % {"value": cells["floor"]})
    try:
        area = _area(cells.get("area", ""))
    except ValueError:
        fault("area", _("“%(value)s”不是面积，请填写数字，例如 89.5。") % {"value": cells["area"]})
    made.faults += faults
    return None if faults else Row(number, cells["building"], cells["unit"], cells["room"], floor, area)


def _floor(text: str) -> int:
    """Raises ValueError."""
    floor = int(text)
    if not LOWEST <= floor <= HIGHEST:
        raise ValueError(text)
    return floor


def _area(text: str) -> Decimal | None:
    """None: not given. Raises ValueError."""
    if not text:
        return None
    try:
        area = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not area.is_finite() or not 0 < area < LARGEST:
        raise ValueError(text)
    return area.quantize(Decimal("0.01"))


@transaction.atomic
def carry_out(community: Community, made: Plan, *, staff: Person) -> int:
    """Write a plan's homes, all or none. Returns how many.

    Raises Refused: not this person's to do, the plan has faults, or another import came first.
    """
    require_duty(staff, community.pk, *KEEP_HOMES.duties)
    if made.faults:
        raise Refused("faults", _("表格还有错误，请改好后重新上传。"))
    buildings = _buildings(community, made.new)
    units = _units(community, buildings, made.new)
    homes = [
        Home(
            community=community,
            unit=units[row.building, row.unit],
            room=row.room,
            floor=row.floor,
            area=row.area,
        )
        for row in made.new
    ]
    try:
        with transaction.atomic():
            Home.objects.bulk_create(homes, batch_size=2000)
    except IntegrityError as error:
        raise Refused("overtaken", _("导入期间有人改动了房屋，请重新上传。"), status=409) from error
    audit.record(AuditEntry.Action.IMPORT, community, actor=staff.pk, reason=f"homes:{len(homes)}")
    return len(homes)


def _order(name: str) -> int:
    """3栋 -> 3, so that 10栋 does not come before 2栋."""
    found = re.search(r"\d{1,6}", name)
    return int(found[0]) if found else 0


def _buildings(community: Community, rows: Iterable[Row]) -> dict[str, Building]:
    have = {one.name: one for one in Building.objects.filter(community=community)}
    new = [
        Building(community=community, name=name, order=_order(name))
        for name in dict.fromkeys(row.building for row in rows)
        if name not in have
    ]
    return have | {one.name: one for one in Building.objects.bulk_create(new)}


def _units(community: Community, buildings: dict[str, Building], rows: Iterable[Row]) -> dict[tuple[str, str], Unit]:
    have = {
        (one.building.name, one.name): one
        for one in Unit.objects.filter(community=community).select_related("building")
    }
    wanted = dict.fromkeys((row.building, row.unit) for row in rows)
    new = [
        Unit(community=community, building=buildings[building], name=unit, order=_order(unit))
        for building, unit in wanted
        if (building, unit) not in have
    ]
    return have | {(one.building.name, one.name): one for one in Unit.objects.bulk_create(new)}
