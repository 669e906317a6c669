"""The desk answers a gate's call and lets the visitor in; staff see whether the intercom works and what became of calls."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anju.homes.models import Community, Duty
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from tests import factories
from tests.access.conftest import streams as streams
from tests.console.conftest import Desk
from tests.doors import Door
from tests.intercom.conftest import RUNG, Pad, jpeg


@pytest.fixture
def pad(streams: None, community: Community, tmp_path: Path) -> Iterator[Pad]:
    made = Pad(factories.gate(community), tmp_path)
    yield made
    made.close()


def at(community: Community, *duties: Duty) -> Desk:
    return Desk(factories.staff(community, *duties))


def say(desk: Desk, call: str, what: str, **said: Any) -> Any:
    return desk.client.post(f"/console/calls/{call}/{what}/", json.dumps(said), content_type="application/json")


def test_the_desk_sees_who_calls_answers_and_opens_once(pad: Pad, community: Community) -> None:
    guard = at(community, Duty.GUARD)
    call = pad.dial(None, jpeg(80))["call"]
    page = guard.client.get("/console/calls/").content.decode()
    assert "东门正在呼叫物业" in page
    assert guard.client.get(f"/console/calls/{call}/picture/").content == jpeg(80)
    leg = say(guard, call, "accept").json()["leg"]
    assert say(guard, call, "connect", leg=leg, answer="v=0 desk").status_code == 204
    assert pad.said()["sdp"] == "v=0 desk"
    assert say(guard, call, "open", leg="another").status_code == 403
    assert say(guard, call, "open", leg=leg).content.decode() == "门已打开"
    assert say(guard, call, "open", leg=leg).status_code == 409
    assert pad.device.door.opened == 1
    with scope.platform():
        [entry] = AuditEntry.objects.filter(action=AuditEntry.Action.CALL, target_id=call)
    assert (entry.actor, entry.reason) == (guard.person.pk, "open_desk")
    assert say(guard, call, "end", leg=leg).status_code == 204
    assert say(guard, call, "open", leg=leg).status_code == 403


def test_another_communitys_desk_and_other_duties_hear_nothing(pad: Pad, community: Community) -> None:
    call = pad.dial(None)["call"]
    for desk in (at(factories.community(), Duty.GUARD), at(community, Duty.REVIEWER)):
        assert say(desk, call, "accept").status_code in (302, 403, 404)
        assert desk.client.get(f"/console/calls/{call}/picture/").status_code in (302, 403, 404)
    resident = factories.resident(community, agrees=RUNG)
    assert Door.of(resident).post(f"/calls/{call}/accept").status == 404


def test_a_homes_call_is_none_of_the_desks(pad: Pad, community: Community) -> None:
    factories.home(community, "1201")
    call = pad.dial("1-1-1201")["call"]
    guard = at(community, Duty.GUARD)
    assert say(guard, call, "accept").status_code == 404
    assert guard.client.get(f"/console/calls/{call}/picture/").status_code == 404


def test_a_calls_course_says_who_was_rung_by_what_without_a_name(pad: Pad, community: Community) -> None:
    home = factories.home(community, "1201")
    who, silent = factories.person(RUNG), factories.person(factories.EVERYTHING)
    factories.member(who, home, name="欧阳明月")
    factories.member(silent, home)
    pad.dial("1-1-1201")
    page = at(community, Duty.MANAGER).client.get("/console/intercom/").content.decode()
    assert "手机应用 · 已发出，等待设备响铃" in page
    assert "另有 1 人没有开通对讲" in page
    assert "欧阳明月" not in page


def test_a_gate_is_asked_whether_it_can_make_calls(pad: Pad, community: Community) -> None:
    page = at(community, Duty.MANAGER).client.post(f"/console/intercom/gates/{pad.gate.pk}/try/", follow=True)
    assert "对讲程序正常" in page.content.decode()
