"""The gate monitor."""

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from anju.access import gate_link
from anju.access.models import Entry, Gate, Way
from anju.homes.models import Community
from anju.live import tickets
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from tests import factories
from tests.console.conftest import Desk


@pytest.fixture
def gate(community: Community) -> Gate:
    made = factories.gate(community)
    with scope.platform():
        Gate.objects.filter(pk=made.pk).update(
            registered_at=timezone.now(),
            seen_at=timezone.now(),
            report={"door": "closed", "queued": 7, "templates": 42, "offset_ms": -5400},
        )
    return made


def test_a_card_says_how_the_gate_is(guard: Desk, gate: Gate) -> None:
    page = guard.text("monitor/")
    for fact in ("东门", "在线", "关闭", "-5.4", ">7<", ">42<"):
        assert fact in page, fact


def test_an_entry_names_the_home_and_masks_the_resident(guard: Desk, gate: Gate, community: Community) -> None:
    who = factories.person(factories.EVERYTHING)
    factories.member(who, factories.home(community, "702"), name="司马小红")
    line = guard.text(f"monitor/entries/{factories.entry(gate, who).pk}/")
    assert "1栋1单元702 司***" in line and "人脸识别通过" in line
    assert "司马小红" not in line


def test_strangers_staff_and_former_residents_are_called_so(guard: Desk, gate: Gate, person: Person) -> None:
    refused = factories.entry(gate, result=Entry.Result.REFUSED, reason="not_recognised")
    staff = factories.entry(gate, way=Way.REMOTE, reason="remote_open")
    former = factories.entry(gate, person)
    assert "陌生人" in guard.text(f"monitor/entries/{refused.pk}/")
    assert "工作人员" in guard.text(f"monitor/entries/{staff.pk}/")
    assert "已搬离的住户" in guard.text(f"monitor/entries/{former.pk}/")


def test_opening_from_afar_is_on_the_record(guard: Desk, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, Any]] = []

    def opens(which: UUID, grant: None) -> dict[str, bool]:
        asked.append((which, grant))
        return {"ok": True}

    monkeypatch.setattr(gate_link, "open_gate", opens)
    answer = guard.post(f"monitor/gates/{gate.pk}/open/", headers={"X-Requested-With": "fetch"})
    assert answer.content.decode() == "东门 已打开。"
    assert asked == [(gate.pk, None)]
    (row,) = AuditEntry.objects.filter(action="gate")
    assert (row.actor, row.target_id, row.reason) == (guard.person.pk, str(gate.pk), "remote_open")


def test_a_silent_gate_is_said_so_and_the_try_is_on_the_record(
    guard: Desk, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(which: UUID, grant: None) -> None:
        raise Refused("gate_silent", "…", status=504)

    monkeypatch.setattr(gate_link, "open_gate", silent)
    answer = guard.post(f"monitor/gates/{gate.pk}/open/", headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 504
    assert "派人到现场查看" in answer.content.decode()
    assert AuditEntry.objects.filter(action="gate", reason="remote_open").count() == 1


def test_nobody_else_opens_a_gate(
    reviewer: Desk, guard: Desk, gate: Gate, elsewhere: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_link, "open_gate", lambda *_: pytest.fail("opened"))
    theirs = factories.gate(elsewhere)
    assert reviewer.post(f"monitor/gates/{gate.pk}/open/").status_code == 403
    assert guard.post(f"monitor/gates/{theirs.pk}/open/").status_code == 404
    assert guard.get(f"monitor/gates/{gate.pk}/open/").status_code == 405
    assert not AuditEntry.objects.filter(action="gate").exists()


def test_a_ticket_hears_the_own_community_only(guard: Desk, community: Community, elsewhere: Community) -> None:
    ticket = guard.get("live-ticket/").json()["ticket"]
    assert tickets.read(ticket) == [f"community.{community.pk}"]
