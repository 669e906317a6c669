"""Lifts in the console."""

from typing import Any

import pytest

from anju.access import gate_link
from anju.homes.models import Community
from anju.lifts.models import Lift
from anju.privacy import scope
from tests import factories
from tests.console.conftest import Desk


def asked(community: Community, **facts: Any) -> dict[str, Any]:
    home = factories.home(community)
    return {
        "unit": str(home.unit_id),
        "name": "客梯",
        "adapter": "modbus",
        "address": "modbus://192.168.1.50:502/1",
        "floors": "{}",
        **facts,
    }


def test_a_manager_adds_a_lift_and_its_gates_are_told(
    manager: Desk, community: Community, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(gate_link, "set_anew", told.append)
    gate = factories.gate(community)
    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post("lifts/lift/add/", asked(community, gates=[str(gate.pk)]))
    assert answer.status_code == 302, answer.content.decode()
    assert told == [gate.pk]
    with scope.platform():
        lift = Lift.objects.get()
        assert (lift.community_id, [one.pk for one in lift.gates.all()]) == (community.pk, [gate.pk])


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "192.168.1.50"},
        {"address": "modbus://192.168.1.50/300"},
        {"address": "http://admin:secret@192.168.1.51/call"},
        {"adapter": "http", "address": "modbus://192.168.1.50"},
        {"floors": '{"eins": 1}'},
        {"floors": '{"1": 70000}'},
        {"floors": "[1]"},
    ],
)
def test_what_no_gate_could_use_is_refused(manager: Desk, community: Community, wrong: dict[str, str]) -> None:
    answer = manager.post("lifts/lift/add/", asked(community, **wrong))
    assert answer.status_code == 200
    with scope.platform():
        assert not Lift.objects.exists()


def test_a_gate_calls_the_lifts_of_one_stairwell(manager: Desk, community: Community) -> None:
    gate = factories.gate(community)
    manager.post("lifts/lift/add/", asked(community, gates=[str(gate.pk)]))
    other = factories.unit(community, "2单元")
    answer = manager.post("lifts/lift/add/", asked(community, unit=str(other.pk), gates=[str(gate.pk)]))
    assert answer.status_code == 200
    with scope.platform():
        assert Lift.objects.count() == 1


def test_a_guard_sees_lifts_and_changes_none(guard: Desk, community: Community) -> None:
    lift = factories.lift(factories.home(community))
    assert "客梯" in guard.text("lifts/lift/")
    assert guard.get("lifts/lift/add/").status_code == 403
    assert guard.post(f"lifts/lift/{lift.pk}/delete/", {"post": "yes"}).status_code == 403
