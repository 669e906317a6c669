"""The guards' desk."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from anju.access import gate_link
from anju.access.models import Gate
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.visitors import desk as actions
from anju.visitors.models import Pass
from tests import factories
from tests.console.conftest import Desk
from tests.doors import Door


@pytest.fixture
def visit(resident: Person, community: Community) -> Pass:
    return factories.visit(resident, factories.home(community), name="王小明", phone="13800138000")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Gates that were asked to open."""
    asked: list[UUID] = []

    def opens(gate: UUID, grant: None) -> dict[str, Any]:
        asked.append(gate)
        return {"ok": True}

    monkeypatch.setattr(gate_link, "open_gate", opens)
    return asked


@pytest.fixture
def gate(community: Community) -> Gate:
    made = factories.gate(community)
    with scope.platform():
        Gate.objects.filter(pk=made.pk).update(registered_at=timezone.now(), seen_at=timezone.now())
    return made


def registered(guard: Desk, community: Community) -> str:
    """The page of somebody whom the guard has just registered at the gate."""
    asked = {"community": str(community.pk), "home": "1-1-101", "name": "李雷", "phone": "13900139000"}
    return guard.post("visitors/walk-in/", asked).headers["Location"].removeprefix("/console/")


def test_a_pass_is_found_by_its_digits_and_shows_masks(guard: Desk, visit: Pass) -> None:
    answer = guard.post("visitors/find/", {"shown": f"{visit.number[:3]} {visit.number[3:]}"})
    assert answer.headers["Location"].endswith(f"/visitors/{visit.pk}/")
    page = guard.text(f"visitors/{visit.pk}/")
    assert "王**" in page and "****8000" in page and "1栋1单元101" in page and "可以放行" in page
    assert "王小明" not in page and "13800138000" not in page


def test_a_number_that_nobody_has_is_said_so(guard: Desk) -> None:
    answer = guard.post("visitors/find/", {"shown": "000000"})
    assert answer.status_code == 404
    assert "请核对访客码" in answer.content.decode()


def test_a_guard_lets_in_whose_time_it_is_and_the_host_is_told(
    guard: Desk, visit: Pass, gate: Gate, opened: list[UUID], resident: Person
) -> None:
    assert guard.post(f"visitors/{visit.pk}/gates/{gate.pk}/open/").status_code == 302
    assert opened == [gate.pk]
    assert "访客已到" in [one["title"] for one in Door.of(resident).get("/notices").body["items"]]
    assert AuditEntry.objects.filter(action=AuditEntry.Action.VISIT, reason="let_in", target_id=str(visit.pk)).exists()


def test_a_guard_lets_nobody_in_outside_the_window(
    guard: Desk, resident: Person, community: Community, gate: Gate, opened: list[UUID]
) -> None:
    later = timezone.now() + timedelta(hours=5)
    early = factories.visit(resident, factories.home(community), since=later, until=later + timedelta(hours=1))
    assert guard.post(f"visitors/{early.pk}/gates/{gate.pk}/open/").status_code == 409
    assert opened == []


def test_a_walk_in_waits_for_the_resident_and_comes_in_when_they_agree(
    guard: Desk, resident: Person, community: Community, gate: Gate, opened: list[UUID]
) -> None:
    page = registered(guard, community)
    assert "正在等住户确认" in guard.text(page)
    assert guard.post(f"{page}gates/{gate.pk}/open/").status_code == 409
    door = Door.of(resident)
    (waiting,) = door.get("/visitors/passes").body
    assert (waiting["state"], waiting["walk_in"], waiting["visitor"]["name"]) == ("asked", True, "李雷")
    assert door.post(f"/visitors/passes/{waiting['id']}/answer", {"let_in": True}).status == 200
    assert guard.post(f"{page}gates/{gate.pk}/open/").status_code == 302
    assert opened == [gate.pk]


def test_a_walk_in_whom_the_resident_refuses_stays_outside(
    guard: Desk, resident: Person, community: Community, gate: Gate, opened: list[UUID]
) -> None:
    page = registered(guard, community)
    (waiting,) = Door.of(resident).get("/visitors/passes").body
    assert Door.of(resident).post(f"/visitors/passes/{waiting['id']}/answer", {"let_in": False}).status == 200
    assert "住户已拒绝" in guard.text(page)
    assert guard.post(f"{page}gates/{gate.pk}/open/").status_code == 409
    assert opened == []


def test_a_walk_in_that_nobody_answers_is_deleted(guard: Desk, resident: Person, community: Community) -> None:
    registered(guard, community)
    assert actions.forget_unanswered() == 0
    with scope.platform():
        Pass.objects.update(made_at=timezone.now() - actions.ANSWER_LASTS - timedelta(seconds=1))
    assert actions.forget_unanswered() == 1
    assert Door.of(resident).get("/visitors/passes").body == []


def test_a_home_that_does_not_exist_loses_nothing_that_was_typed(guard: Desk, community: Community) -> None:
    asked = {"community": str(community.pk), "home": "9-9-909", "name": "李雷", "phone": "13900139000"}
    page = guard.post("visitors/walk-in/", asked).content.decode()
    assert "没有找到这套房屋" in page and "李雷" in page and "9-9-909" in page


def test_who_stays_too_long_is_listed_until_they_have_left(guard: Desk, visit: Pass) -> None:
    past = timezone.now() - timedelta(minutes=20)
    with scope.platform():
        Pass.objects.update(since=past - timedelta(hours=2), until=past, inside_since=past, arrived_at=past)
    assert "超时未离开" in guard.text("visitors/")
    guard.post(f"visitors/{visit.pk}/left/")
    assert "超时未离开" not in guard.text("visitors/")


def test_another_communitys_guard_sees_nothing(elsewhere: Community, visit: Pass) -> None:
    other = Desk(factories.staff(elsewhere, factories.Duty.GUARD))
    assert other.get(f"visitors/{visit.pk}/").status_code == 404
    assert "王**" not in other.text("visitors/")


def test_a_visitors_code_finds_the_pass_only_while_it_is_fresh(
    guard: Desk, resident: Person, community: Community
) -> None:
    from anju.grants import permits
    from anju.visitors.models import VisitorKey

    made = factories.visit(resident, factories.home(community))
    private, public = factories.key()
    with scope.platform():
        VisitorKey.objects.filter(visitor=made.visitor_id).update(public=public)
        key = VisitorKey.objects.get(visitor=made.visitor_id).id
    assert guard.post("visitors/find/", {"shown": permits.make(key, private, timezone.now())}).status_code == 302
    stale = permits.make(key, private, timezone.now() - timedelta(minutes=2))
    assert guard.post("visitors/find/", {"shown": stale}).status_code == 404
    forged = permits.make(key, factories.key()[0], timezone.now())
    assert guard.post("visitors/find/", {"shown": forged}).status_code == 404


def test_the_list_asks_the_database_no_more_for_more_visitors(
    guard: Desk, resident: Person, community: Community, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        factories.visit(resident, factories.home(community))
    with django_assert_max_num_queries(25):
        guard.text("visitors/rows/")
