"""Visits: a host invites, the visitor agrees by the link, the gate lets in inside the window and never outside it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from anju.access.models import Gate, Grant
from anju.grants.decision import Reason
from anju.homes import actions as homes
from anju.homes.models import Community, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.vault import vault
from anju.visitors import tasks
from anju.visitors.models import Pass, Visitor
from tests import factories
from tests.doors import Door
from tests.visitors.conftest import Entrance, Guest, Host


def test_a_visitor_who_agrees_comes_in_by_their_code_and_the_host_is_told(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    assert guest.agrees().status == 200
    decision = entrance.tries(guest)
    assert (decision.open, decision.reason) == (True, Reason.QR_OK)
    entrance.reports()
    (visit,) = host.sees()
    assert visit["inside"] and visit["arrived_at"]
    assert host.notices() == ["访客已到", "访客已确认"]


def test_nobody_who_has_not_agreed_is_known_to_a_gate(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    entrance.learns()
    with scope.platform():
        assert not Grant.objects.filter(person=guest.visitor).exists()


def test_the_link_says_who_invites_where_and_what_is_collected(host: Host) -> None:
    page = host.invites(name="王小明", phone="13800138000").reads()
    assert (page["name"], page["phone"]) == ("王小明", "****8000")
    assert {one["code"] for one in page["purposes"]} == {"visit", "visit_face"}
    assert any(one["title"] == "访客姓名" for purpose in page["purposes"] for one in purpose["data"])
    assert page["passes"][0]["home"] == "1栋1单元101"


def test_a_code_does_not_open_before_or_after_the_window(host: Host, entrance: Entrance) -> None:
    now = timezone.now()
    early = host.invites(since=(now + timedelta(hours=1)).isoformat(), until=(now + timedelta(hours=2)).isoformat())
    early.agrees()
    assert entrance.tries(early).reason == Reason.OUTSIDE_WINDOW
    entrance.machine.told_the_time(timedelta(hours=1, minutes=1))
    assert entrance.machine.brain.permit(early.code(now + timedelta(hours=1, minutes=1))).open
    entrance.machine.told_the_time(timedelta(hours=2, seconds=1))
    assert (
        entrance.machine.brain.permit(early.code(now + timedelta(hours=2, seconds=1))).reason == Reason.OUTSIDE_WINDOW
    )


def test_a_single_entry_opens_each_gate_once_also_after_a_restart(host: Host, entrance: Entrance) -> None:
    guest = host.invites(uses=1)
    guest.agrees()
    assert entrance.tries(guest).open
    assert entrance.tries(guest).reason == Reason.USED_UP
    entrance.machine = entrance.machine.restarted()
    entrance.machine.told_the_time()
    assert entrance.tries(guest).reason == Reason.USED_UP


def test_a_pass_for_one_gate_opens_no_other(host: Host, entrance: Entrance, community: Community) -> None:
    other = factories.gate(community, "西门")
    guest = host.invites(gates=[str(other.pk)])
    guest.agrees()
    assert entrance.tries(guest).reason == Reason.QR_UNKNOWN


def test_a_gate_of_another_community_cannot_be_named(host: Host) -> None:
    foreign = factories.gate(factories.community(), "南门")
    assert host.asks(gates=[str(foreign.pk)]).code == "unknown_gate"


def test_a_revoked_pass_opens_nothing(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    guest.agrees()
    assert entrance.tries(guest).open
    assert host.door.post(f"/visitors/passes/{guest.visit}/revoke").status == 200
    assert not entrance.tries(guest).open
    assert host.door.post(f"/visitors/passes/{guest.visit}/revoke").code == "pass_ended"


def test_a_pass_is_prolonged(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    guest.agrees()
    until = (timezone.now() + timedelta(days=2)).isoformat()
    assert host.door.post(f"/visitors/passes/{guest.visit}/extend", {"until": until}).status == 200
    entrance.learns()
    entrance.machine.told_the_time(timedelta(days=1))
    assert entrance.machine.brain.permit(guest.code(timezone.now() + timedelta(days=1))).open


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ((-3, -1), "window_past"),
        ((0, 0.1), "window_short"),
        ((0, 24 * 8), "window_long"),
        ((24 * 61, 24 * 61 + 1), "window_far"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_its_reason(host: Host, hours: Any, code: str) -> None:
    since, until = (timezone.now() + timedelta(hours=one) for one in hours)
    assert host.asks(since=since.isoformat(), until=until.isoformat()).code == code


def test_nobody_invites_to_a_home_that_is_not_theirs(host: Host, community: Community) -> None:
    other = Host.of(factories.resident(community, "102"))
    assert host.asks(home=other.home).code == "unknown_home"


def test_a_declined_invitation_is_deleted_at_once(host: Host) -> None:
    guest = host.invites()
    assert guest.call("post", "/decline").status == 204
    assert host.sees() == []
    assert guest.call("get").status == 401
    assert "访客已谢绝" in host.notices()


def test_a_visitor_who_deletes_everything_is_unreadable_and_unknown_to_the_gate(
    host: Host, entrance: Entrance, django_capture_on_commit_callbacks: Any
) -> None:
    guest = host.invites()
    guest.agrees()
    assert entrance.tries(guest).open
    entrance.reports()
    with django_capture_on_commit_callbacks(execute=True):
        assert guest.call("delete").status == 204
    assert not vault().knows(UUID(guest.visitor))
    assert not entrance.tries(guest).open
    with scope.platform():
        assert not Visitor.objects.exists()
        assert not Pass.objects.exists()


def test_a_link_opens_one_visitor_and_nothing_else(host: Host, nobody: Door) -> None:
    first, second = host.invites(), host.invites()
    assert first.reads()["passes"][0]["id"] == first.visit
    assert second.reads()["passes"][0]["id"] == second.visit
    stranger = Guest("A" * 22, first.visit, first.visitor)
    assert stranger.call("get").status == 401
    assert nobody.get("/visitors/passes").status == 401


def test_with_a_new_link_the_former_leads_nowhere(host: Host) -> None:
    guest = host.invites()
    answer = host.door.post(f"/visitors/{guest.visitor}/link")
    assert guest.call("get").status == 401
    guest.secret = answer.body["link"].partition("#")[2]
    assert guest.reads()["passes"]


def test_a_new_phone_takes_over_and_the_former_opens_nothing(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    guest.agrees()
    former = Guest(guest.secret, guest.visit, guest.visitor, guest.private, guest.key)
    guest.private = factories.key()[0]
    answer = guest.call("post", "/key", data={"public": guest.public}, content_type="application/json")
    guest.key = answer.body["key"]
    assert entrance.tries(guest).open
    assert entrance.tries(former).reason == Reason.QR_UNKNOWN


def test_another_resident_sees_and_changes_nothing_of_it(host: Host, community: Community) -> None:
    guest = host.invites()
    other = Host.of(factories.resident(community, "102"))
    assert other.sees() == []
    assert other.door.post(f"/visitors/passes/{guest.visit}/revoke").code == "unknown_pass"
    assert other.door.delete(f"/visitors/{guest.visitor}").code == "unknown_visitor"


def test_when_the_host_moves_out_nobody_is_let_in_for_them(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    guest.agrees()
    with scope.platform():
        homes.end_membership(Member.objects.get(person=host.person))
    assert not entrance.tries(guest).open


def test_a_known_visitor_is_invited_again_without_being_asked_again(host: Host, entrance: Entrance) -> None:
    guest = host.invites(frequent=True)
    guest.agrees()
    host.door.post(f"/visitors/passes/{guest.visit}/revoke")
    assert not entrance.tries(guest).open
    now = timezone.now()
    asked = {"home": host.home, "since": now.isoformat(), "until": (now + timedelta(days=60)).isoformat()}
    again = host.door.post(f"/visitors/{guest.visitor}/passes", asked)
    assert (again.status, again.body["visit"]["state"], again.body["link"]) == (201, "confirmed", None)
    assert entrance.tries(guest).open


def test_the_calendar_file_says_when_and_where_and_reminds(host: Host) -> None:
    guest = host.invites()
    file = guest.call("get", f"/{guest.visit}/calendar.ics")
    assert file.headers["Content-Type"].startswith("text/calendar")
    text = file.body.decode()
    assert "BEGIN:VALARM" in text and "TRIGGER:-PT1H" in text
    assert "1栋1单元101" in text.replace("\r\n ", "")


def test_what_was_agreed_to_is_what_was_shown(host: Host) -> None:
    assert host.invites().agrees(version=99).code == "text_changed"


def test_a_visitor_agrees_to_nothing_that_residents_are_asked(host: Host, resident: Person) -> None:
    answer = Door.of(host.person).post("/consents", {"purpose": "visit", "version": 1})
    assert answer.code == "for_visitors"


def test_a_visitor_past_the_retention_is_forgotten_wholly(host: Host, gate: Gate) -> None:
    guest = host.invites()
    guest.agrees()
    past = timezone.now() - timedelta(days=31)
    with scope.platform():
        Pass.objects.update(since=past - timedelta(hours=1), until=past)
        Visitor.objects.update(kept_from=past)
    assert tasks.forget_past() == 1
    assert host.sees() == []


def test_an_invitation_nobody_answered_is_forgotten_when_it_is_over(host: Host) -> None:
    answered, silent = host.invites(), host.invites()
    answered.agrees()
    past = timezone.now() - timedelta(minutes=1)
    with scope.platform():
        Pass.objects.update(since=past - timedelta(hours=1), until=past)
        Visitor.objects.update(kept_from=past)
    assert tasks.forget_past() == 1
    assert [one["id"] for one in host.sees()] == [answered.visit]
    assert silent.call("get").status == 401


def test_the_row_of_a_visitor_goes_only_when_every_gate_has_confirmed(host: Host, entrance: Entrance) -> None:
    guest = host.invites()
    guest.agrees()
    guest.call("delete")
    Person.objects.filter(pk=guest.visitor).update(joined=timezone.now() - timedelta(hours=2))
    assert tasks.sweep() == 0
    with scope.platform():
        Grant.objects.all().delete()  # as erasures.confirm does when the gate's tables are clean
    assert tasks.sweep() == 1
    assert not Person.objects.filter(pk=guest.visitor).exists()
    assert Person.objects.filter(pk=host.person.pk).exists()
