"""The gates' page: what is wrong is seen and seen to, modes take two, and other communities' gates are nobody's here."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from anju.access.models import Gate
from anju.fleet import alarms
from anju.fleet.models import Alarm, ModeChange
from anju.homes.models import Community, Duty
from anju.privacy import scope
from tests import factories
from tests.console.conftest import Desk

Desks = Callable[..., Desk]


@pytest.fixture
def gate(community: Community) -> Gate:
    made = factories.gate(community)
    with scope.platform():
        Gate.objects.filter(pk=made.pk).update(
            registered_at=timezone.now(), seen_at=timezone.now(), version="0.1.0", latitude=36.66, longitude=117.02,
            report={"offset_ms": 4200, "mode": "normal"},
        )  # fmt: skip
    return made


def alarm_at(gate: Gate) -> Alarm:
    with scope.platform():
        return alarms.begin(gate, Alarm.Kind.FORCED, timezone.now())


def test_the_page_shows_what_is_wrong_and_where(desk: Desks, gate: Gate) -> None:
    alarm_at(gate)
    page = desk(Duty.GUARD).text("fleet/")
    assert all(word in page for word in ("门被强行打开", "+4.2", "0.1.0", 'class="spot bad"', "我去处理"))


def test_gates_are_found_by_what_is_the_matter_with_them(desk: Desks, gate: Gate, community: Community) -> None:
    factories.gate(community, "西门")
    alarm_at(gate)
    guard = desk(Duty.GUARD)
    found = {
        show: guard.text(f"fleet/now/?show={show}").count('id="fleet-') for show in ("", "wrong", "special", "new")
    }
    assert found == {"": 2, "wrong": 1, "special": 0, "new": 1}
    assert guard.text("fleet/now/?q=西").count('id="fleet-') == 1


def test_an_alarm_is_taken_up_and_ended_with_a_word(desk: Desks, gate: Gate) -> None:
    alarm, guard = alarm_at(gate), desk(Duty.GUARD)
    assert guard.post(f"fleet/alarms/{alarm.pk}/see-to/").status_code == 302
    assert guard.post(f"fleet/alarms/{alarm.pk}/close/", {"word": "误报"}).status_code == 409
    with scope.platform():
        alarms.end(gate, Alarm.Kind.FORCED, timezone.now())
    assert guard.post(f"fleet/alarms/{alarm.pk}/close/", {"word": " "}).status_code == 422
    assert guard.post(f"fleet/alarms/{alarm.pk}/close/", {"word": "误报"}).status_code == 302
    assert 'id="alarm-' not in guard.text("fleet/")


def test_one_asks_and_another_agrees(desk: Desks, gate: Gate) -> None:
    guard, manager = desk(Duty.GUARD), desk(Duty.MANAGER)
    assert guard.post(f"fleet/gates/{gate.pk}/mode/", {"mode": "locked", "reason": "safety"}).status_code == 302
    assert "请另一位同事处理" in guard.text("fleet/")
    with scope.platform():
        (change,) = ModeChange.objects.all()
    assert guard.post(f"fleet/changes/{change.pk}/decide/", {"decision": "approve"}).status_code == 403
    assert manager.post(f"fleet/changes/{change.pk}/decide/", {"decision": "approve"}).status_code == 302
    page = manager.text("fleet/")
    assert "锁闭" in page
    assert "门禁尚未确认" in page


def test_for_a_fire_it_stands_open_at_once(desk: Desks, gate: Gate) -> None:
    guard = desk(Duty.GUARD)
    assert guard.post(f"fleet/gates/{gate.pk}/mode/", {"now": "fire"}).status_code == 302
    with scope.platform():
        assert Gate.objects.get(pk=gate.pk).mode == Gate.Mode.FREE
    assert "已先行执行" in guard.text("fleet/")


@pytest.mark.parametrize("duty", [Duty.REVIEWER, Duty.FRONT_DESK, Duty.CASHIER, Duty.DPO])
def test_others_do_not_see_it(desk: Desks, duty: Duty) -> None:
    assert desk(duty).get("fleet/").status_code == 403


def test_a_gate_elsewhere_is_no_gate_here(desk: Desks, gate: Gate) -> None:
    elsewhere = factories.gate(factories.community(), "彼处的门")
    guard = desk(Duty.GUARD)
    assert "彼处的门" not in guard.text("fleet/")
    assert guard.post(f"fleet/gates/{elsewhere.pk}/mode/", {"now": "fire"}).status_code == 404


def test_a_gate_that_is_away_cannot_renew_its_keys_and_a_guard_may_not_ask(desk: Desks, gate: Gate) -> None:
    assert desk(Duty.GUARD).post(f"fleet/gates/{gate.pk}/keys/").status_code == 403
    assert desk(Duty.MANAGER).post(f"fleet/gates/{gate.pk}/keys/").status_code == 504
