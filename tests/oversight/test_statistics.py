"""Figures that nobody can be found in."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from anju.access.models import Entry, Gate
from anju.homes.models import Community, Duty, Member
from anju.oversight import statistics
from anju.oversight.models import PseudonymKey, Published
from anju.oversight.statistics import Cell, K, suppress
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from tests import factories
from tests.console.conftest import Desk
from tests.doors import Door

WEEK = statistics.weeks(timezone.localdate())[0]
people = st.frozensets(st.integers(0, 60).map(lambda number: UUID(int=number)), max_size=25)
tables = st.lists(people, min_size=1, max_size=12).flatmap(
    lambda cells: st.tuples(
        *[st.integers(len(one), 3 * len(one)).map(lambda figure, one=one: Cell("", figure, one)) for one in cells]
    )
)


@given(tables)
@settings(max_examples=500, deadline=None)
def test_no_figure_has_fewer_than_ten_people_behind_it(cells: tuple[Cell, ...]) -> None:
    shown, total = suppress(cells)
    for cell, one in zip(cells, shown, strict=True):
        assert one.figure in (None, cell.figure)
        if one.figure:
            assert len(cell.people) >= K
    if total:
        assert len(frozenset().union(*(cell.people for cell in cells))) >= K


@given(tables)
@settings(max_examples=500, deadline=None)
def test_nothing_left_out_comes_back_out_of_the_total(cells: tuple[Cell, ...]) -> None:
    shown, total = suppress(cells)
    hidden = [cell for cell, one in zip(cells, shown, strict=True) if one.figure is None]
    if total is None or not hidden:
        return
    rest = total - sum(one.figure or 0 for one in shown)
    assert rest == sum(cell.figure for cell in hidden)
    assert len(hidden) >= 2
    assert len(frozenset().union(*(cell.people for cell in hidden))) >= K


@given(tables)
@settings(max_examples=300, deadline=None)
def test_what_is_safe_is_shown(cells: tuple[Cell, ...]) -> None:
    shown, total = suppress(cells)
    if all(not cell.figure or len(cell.people) >= K for cell in cells):
        assert [one.figure for one in shown] == [cell.figure for cell in cells]
        assert total == sum(cell.figure for cell in cells)


def came(gate: Gate, who: Person, hour: int, day: int = 2, way: str = "face") -> None:
    at = datetime.combine(WEEK + timedelta(days=day), datetime.min.time(), timezone.get_current_timezone())
    entry = factories.entry(gate, who, way=way)
    with scope.platform():
        Entry.objects.filter(pk=entry.pk).update(at=at + timedelta(hours=hour))


@pytest.fixture
def busy(community: Community) -> list[Person]:
    """Twelve residents leave at eight and come home at six, one of them at three in the night as well."""
    gate = factories.gate(community)
    residents = [factories.resident(community, f"{floor}01") for floor in range(1, 13)]
    for who in residents:
        came(gate, who, 8)
        came(gate, who, 18)
    with scope.platform():
        Member.objects.filter(community=community).update(since=timezone.now() - timedelta(weeks=9))
    came(gate, residents[0], 3)
    return residents


def published(door: Door, community: Community, **more: Any) -> Any:  # Any: JSON
    answer = door.get("/statistics", community=str(community.pk), week=WEEK.isoformat(), **more)
    assert answer.status == 200, answer.body
    return answer.body


def door_of(desk: Desk) -> Door:
    return Door(desk.client)


def test_a_week_by_hour_day_way_and_building(manager: Desk, community: Community, busy: list[Person]) -> None:
    week = published(door_of(manager), community)
    hours = {one["label"]: one["figure"] for one in week["hours"]["cells"]}
    assert hours["03"] is None and hours["04"] == 0
    assert sorted([hours["08"], hours["18"]], key=str) == [12, None]
    assert week["hours"]["total"] == 25
    assert {one["label"]: one["figure"] for one in week["ways"]["cells"]}["face"] == 25
    assert week["buildings"]["cells"] == [{"label": "1栋", "figure": 12}]


def test_there_is_nothing_finer_to_ask_for(manager: Desk, community: Community, busy: list[Person]) -> None:
    whole = published(door_of(manager), community)
    finer = {"person": str(busy[0].pk), "subject": str(busy[0].pk), "gate": "x", "hour": "3", "building": "1栋"}
    assert published(door_of(manager), community, **finer) == whole
    for day in (WEEK + timedelta(days=1), statistics.monday(timezone.localdate()), date(2020, 1, 6)):
        answer = door_of(manager).get("/statistics", community=str(community.pk), week=day.isoformat())
        assert (answer.status, answer.code) == (422, "unfinished_week")
    answer = door_of(manager).get("/statistics", community=str(community.pk), week=f"{WEEK}T03:00")
    assert answer.status == 422


def test_a_week_does_not_change_when_somebody_is_erased(
    manager: Desk, community: Community, busy: list[Person]
) -> None:
    before = published(door_of(manager), community)
    with scope.platform():
        Entry.objects.filter(person=busy[0]).delete()
    assert published(door_of(manager), community) == before
    with scope.platform():
        assert Published.objects.count() == 1


def test_who_may_ask(
    manager: Desk,
    guard: Desk,
    reviewer: Desk,
    dpo: Desk,
    community: Community,
    elsewhere: Community,
    resident: Person,
    nobody: Door,
) -> None:
    facts = {"community": str(community.pk), "week": WEEK.isoformat()}
    assert nobody.get("/statistics", **facts).status == 401
    assert Door.of(resident).get("/statistics", **facts).status == 403
    for desk, status in ((manager, 200), (dpo, 200), (guard, 403), (reviewer, 403)):
        assert door_of(desk).get("/statistics", **facts).status == status
    assert door_of(Desk(factories.staff(elsewhere, Duty.MANAGER))).get("/statistics", **facts).status == 403


def test_a_password_alone_is_not_enough(community: Community) -> None:
    desk = Desk(factories.staff(community, Duty.MANAGER), proven=False)
    answer = door_of(desk).get("/statistics", community=str(community.pk), week=WEEK.isoformat())
    assert (answer.status, answer.code) == (403, "second_factor")


def test_the_page_shows_the_same_and_a_dash_for_what_is_left_out(
    manager: Desk, community: Community, busy: list[Person]
) -> None:
    page = manager.text(f"statistics/?week={WEEK.isoformat()}")
    assert "看不到任何个人" in page and "1栋" in page and "03 *" in page
    assert str(busy[0].pk) not in page


def test_a_pseudonym_lasts_a_month(
    person: Person, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    today = timezone.localdate()
    first = statistics.pseudonym(person.pk, today)
    assert first == statistics.pseudonym(person.pk, today.replace(day=1))
    assert str(person.pk) not in first and first != statistics.pseudonym(factories.person().pk, today)
    later = (today.replace(day=1) + timedelta(days=40)).replace(day=3)
    monkeypatch.setattr(statistics.timezone, "localdate", lambda: later)
    with django_capture_on_commit_callbacks(execute=True):
        assert statistics.destroy_keys() == 1
    with pytest.raises(Refused):
        statistics.pseudonym(person.pk, today)
    assert statistics.pseudonym(person.pk, later) != first
    assert PseudonymKey.objects.count() == 1
