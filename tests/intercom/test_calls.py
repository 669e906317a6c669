"""A call from the pad at the gate to whoever lives there: who is rung, who talks, who opens, what stays."""

import base64
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from anju.access.models import Gate
from anju.homes import actions as homes
from anju.homes.models import Community, Home, Member
from anju.intercom import actions, forgetting, queries, tasks
from anju.intercom.models import Call, CallMessage, CallPicture, CallState, Panel, Ring, RingState
from anju.intercom.purposes import INTERCOM
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import consent, retention, scope
from anju.privacy.models import AuditEntry
from anju.privacy.vault import Erased, vault
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import OFFER, RUNG, Pad, jpeg, text

Family = tuple[Person, Person]
SOUND = base64.b64encode(b"OggS" + bytes(200)).decode()


def ringing(person: Person) -> list[dict[str, Any]]:
    return list(Door.of(person).get("/calls/ringing").body)


def accept(person: Person, call: str) -> dict[str, Any]:
    answer = Door.of(person).post(f"/calls/{call}/accept")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def talk(pad: Pad, person: Person) -> tuple[str, dict[str, str]]:
    """This person answers and is connected. Returns the call and what speaks for it."""
    call = pad.dial("1-1-1201")["call"]
    said = {"leg": accept(person, call)["leg"]}
    assert Door.of(person).post(f"/calls/{call}/connect", {**said, "answer": "v=0 ours"}).status == 204
    return call, said


def trace(call: str) -> dict[tuple[Any, str], str]:
    with scope.platform():
        return {(one.person_id, one.via): one.state for one in Ring.objects.filter(call=call)}


# --- ringing ----------------------------------------------------------------------------------------------------------


def test_everybody_of_the_home_is_rung_and_sees_who_stands_there_before_answering(pad: Pad, family: Family) -> None:
    said = pad.dial("1-1-1201", jpeg(90))
    assert said["state"] == "ringing"
    for one in family:
        [call] = ringing(one)
        assert (call["gate"], call["home"], call["state"], call["picture"]) == (
            "东门",
            "1栋1单元1201",
            "ringing",
            True,
        )
        picture = Door.of(one).client.get(f"/api/v1/calls/{call['id']}/picture")
        assert (picture.content, picture["Cache-Control"]) == (jpeg(90), "no-store")
    assert set(trace(said["call"]).values()) == {RingState.RUNG}
    pad.press("picture", picture=text(jpeg(200)))
    assert Door.of(family[0]).client.get(f"/api/v1/calls/{said['call']}/picture").content == jpeg(200)


def test_neighbours_children_and_whoever_has_not_agreed_are_not_rung(pad: Pad, family: Family, home: Home) -> None:
    neighbour = factories.person(RUNG)
    factories.member(neighbour, factories.home(home.community, "1202"))
    silent = factories.person(factories.EVERYTHING)
    child = factories.child(family[0]).person
    for one in (silent, child):
        factories.member(one, home)
    call = pad.dial("1-1-1201")["call"]
    for one in (neighbour, silent, child):
        assert ringing(one) == []
        assert Door.of(one).get(f"/calls/{call}").status == 404
        assert Door.of(one).post(f"/calls/{call}/accept").status == 404
        assert Door.of(one).get(f"/calls/{call}/picture").status == 404
    with scope.platform():
        assert Call.objects.get(pk=call).silent == 1
        assert set(Ring.objects.filter(call=call).values_list("person", flat=True)) == {one.pk for one in family}


def test_a_home_where_nobody_can_be_rung_rings_like_any_other(pad: Pad, community: Community) -> None:
    factories.home(community, "1203")
    said = pad.dial("1-1-1203")
    assert (said["state"], set(said)) == ("ringing", {"ok", "call", "state", "sip", "type"})


@pytest.mark.parametrize("room", ["9-9-999", "", "'; drop table", "1-1-1201-7"])
def test_a_number_that_is_no_home_is_said_to_be_none(pad: Pad, family: Family, room: str) -> None:
    assert pad.dial(room)["why"] == "unknown_home"
    with scope.platform():
        assert not Call.objects.exists()


def test_a_home_of_another_community_or_another_units_pad_is_out_of_reach(pad: Pad, family: Family, home: Home) -> None:
    elsewhere = factories.home(factories.community(), "1201")
    assert pad.dial(str(elsewhere.pk))["why"] == "unknown_home"
    with scope.platform():
        panel = Panel.objects.create(community=home.community, gate=pad.gate)
        panel.units.add(factories.unit(home.community, "2单元"))
    assert pad.dial("1-1-1201")["why"] == "unknown_home"
    assert [one["name"] for one in pad.press("directory")["units"]] == ["1栋2单元"]
    with scope.platform():
        panel.off = True
        panel.save()
    assert pad.dial(None)["why"] == "calls_off"


def test_the_directory_names_rooms_and_nobody(pad: Pad, family: Family, home: Home) -> None:
    directory = pad.press("directory")
    [unit] = directory["units"]
    assert (unit["name"], directory["ice"]) == ("1栋1单元", [])
    rooms = pad.press("rooms", unit=unit["id"])
    assert rooms["rooms"] == [{"id": str(home.pk), "name": "1201"}]
    assert pad.dial(rooms["rooms"][0]["id"])["state"] == "ringing"


def test_before_the_door_of_one_unit_the_room_is_enough(pad: Pad, family: Family, home: Home) -> None:
    with scope.platform():
        factories.unit(home.community, "2单元")
    assert pad.dial("1201")["why"] == "unknown_home"
    with scope.platform():
        Panel.objects.create(community=home.community, gate=pad.gate).units.add(home.unit)
    assert pad.dial("1201")["state"] == "ringing"


def test_a_pad_that_is_played_with_has_to_wait(pad: Pad, family: Family) -> None:
    for _ in range(actions.MOST_A_MINUTE):
        assert pad.dial("1-1-1201")["state"] == "ringing"
        pad.press("end")
    assert pad.dial("1-1-1201")["why"] == "too_many_calls"


# --- answering --------------------------------------------------------------------------------------------------------


def test_whoever_answers_first_talks_and_the_others_stop_ringing(pad: Pad, family: Family) -> None:
    first, second = family
    call = pad.dial("1-1-1201")["call"]
    assert accept(first, call)["offer"] == OFFER
    assert ringing(second) == []
    assert Door.of(second).post(f"/calls/{call}/accept").code == "taken"
    assert trace(call) == {(first.pk, "app"): RingState.ANSWERED, (second.pk, "app"): RingState.ELSEWHERE}


def test_the_answer_reaches_the_gate_and_is_written_down_nowhere(pad: Pad, family: Family) -> None:
    call, _leg = talk(pad, family[0])
    assert pad.said() == {"type": "call", "state": "answer", "sdp": "v=0 ours"}
    Door.of(family[0]).post(f"/calls/{call}/end", _leg)
    with scope.platform():
        found = Call.objects.get(pk=call)
        assert (found.state, found.offer) == (CallState.ENDED, "")
        assert set(found.rings.values_list("leg", flat=True)) == {""}


def test_refusing_leaves_it_ringing_for_the_others_until_nobody_is_left(pad: Pad, family: Family) -> None:
    first, second = family
    call = pad.dial("1-1-1201")["call"]
    assert Door.of(first).post(f"/calls/{call}/refuse").status == 204
    assert ringing(first) == []
    assert len(ringing(second)) == 1
    Door.of(second).post(f"/calls/{call}/refuse")
    assert Door.of(second).get(f"/calls/{call}").body["state"] == "refused"
    assert Door.of(second).get("/notices").body["items"] == []  # they know


def test_a_second_visitor_finds_the_line_busy_and_the_home_finds_the_call_in_its_list(
    pad: Pad, family: Family, community: Community, tmp_path: Any
) -> None:
    talk(pad, family[0])
    (tmp_path / "other").mkdir()
    other = Pad(factories.gate(community, "西门"), tmp_path / "other")
    assert other.dial("1-1-1201") | {"call": ""} == {
        "type": "call", "state": "over", "why": "busy", "messages": True, "call": "",
    }  # fmt: skip
    other.close()
    assert Door.of(family[1]).get("/notices").body["items"][0]["kind"] == "call"


def test_a_call_that_has_rung_for_too_long_cannot_be_answered(pad: Pad, family: Family) -> None:
    call = pad.dial("1-1-1201")["call"]
    with scope.platform():
        Call.objects.filter(pk=call).update(at=timezone.now() - queries.RINGS - timedelta(seconds=1))
    assert Door.of(family[0]).post(f"/calls/{call}/accept").code == "call_over"
    assert tasks.end_stale() == 1
    assert Door.of(family[0]).get(f"/calls/{call}").body["state"] == "missed"


@pytest.mark.parametrize(("answered", "state"), [(False, "cancelled"), (True, "ended")])
def test_a_gate_has_one_call_and_a_new_one_ends_the_one_before(
    pad: Pad, family: Family, home: Home, answered: bool, state: str
) -> None:
    before = talk(pad, family[0])[0] if answered else pad.dial("1-1-1201")["call"]
    actions.dial(pad.gate, home, offer="", picture=b"")  # as a door station beside the page does
    assert Door.of(family[0]).get(f"/calls/{before}").body["state"] == state
    [now] = ringing(family[1])
    assert now["id"] != before


# --- opening ----------------------------------------------------------------------------------------------------------


def test_whoever_answered_opens_the_calling_gate_once(pad: Pad, family: Family) -> None:
    call, leg = talk(pad, family[0])
    app = Door.of(family[0])
    assert app.post(f"/calls/{call}/open", leg).status == 204
    assert app.post(f"/calls/{call}/open", leg).code == "opened"
    assert pad.device.door.opened == 1
    [entry] = pad.device.entries()
    assert (entry["reason"], entry["grant"], entry["result"]) == ("call_open", None, "granted")
    with scope.platform():
        [audited] = AuditEntry.objects.filter(action=AuditEntry.Action.CALL, target_id=call)
    assert (audited.actor, audited.reason) == (family[0].pk, "open_app")


def test_nobody_else_opens_however_much_they_know(pad: Pad, family: Family, gate: Gate) -> None:
    call, leg = talk(pad, family[0])
    stranger = factories.person(RUNG)
    for door, said, code in (
        (Door.of(family[1]), {"leg": "guessed"}, "not_your_call"),
        (Door.of(family[0]), {"leg": ""}, "not_your_call"),
        (Door.of(stranger), leg, "unknown_call"),
    ):
        assert door.post(f"/calls/{call}/open", said).code == code
    assert Door.of(family[0]).post(f"/calls/{uuid4()}/open", leg).code == "unknown_call"
    assert pad.device.door.opened == 0


@pytest.mark.parametrize("end", ["resident", "visitor", "clock"])
def test_nothing_opens_once_the_call_is_over(pad: Pad, family: Family, end: str) -> None:
    call, leg = talk(pad, family[0])
    app = Door.of(family[0])
    if end == "resident":
        app.post(f"/calls/{call}/end", leg)
    elif end == "visitor":
        pad.press("end")
    else:
        with scope.platform():
            Call.objects.filter(pk=call).update(answered_at=timezone.now() - actions.LONGEST - timedelta(seconds=1))
    assert app.post(f"/calls/{call}/open", leg).status in (403, 409)
    assert pad.device.door.opened == 0


def test_nothing_opens_before_somebody_has_answered(pad: Pad, family: Family) -> None:
    call = pad.dial("1-1-1201")["call"]
    assert Door.of(family[0]).post(f"/calls/{call}/open", {"leg": ""}).code == "not_your_call"
    assert pad.calls.obey({"call": call, "say": "open"}) == ("call_over", None)  # and the gate would not either
    assert pad.device.door.opened == 0


def test_a_gate_opens_for_the_call_it_makes_and_for_no_other(pad: Pad, family: Family) -> None:
    talk(pad, family[0])
    assert pad.calls.obey({"call": str(uuid4()), "say": "open"}) == ("call_over", None)
    assert pad.device.door.opened == 0


def test_a_locked_gate_stays_shut_and_says_so(pad: Pad, family: Family) -> None:
    from anju.gate.modes import Mode

    call, leg = talk(pad, family[0])
    pad.device.brain.modes.follow(Mode.LOCKED, 1)
    assert Door.of(family[0]).post(f"/calls/{call}/open", leg).code == "gate_locked"
    assert pad.device.door.opened == 0


def test_whose_phone_opening_the_owner_switched_off_may_talk_and_not_open(pad: Pad, family: Family, home: Home) -> None:
    with scope.platform():
        Member.objects.filter(person=family[0]).update(ways_off=["remote"])
    call, leg = talk(pad, family[0])
    assert Door.of(family[0]).post(f"/calls/{call}/open", leg).code == "way_off"
    assert pad.device.door.opened == 0


def test_whoever_moves_out_during_a_call_opens_nothing(pad: Pad, family: Family, home: Home) -> None:
    call, leg = talk(pad, family[0])
    with scope.platform():
        homes.end_membership(Member.objects.get(person=family[0], home=home))
    assert Door.of(family[0]).post(f"/calls/{call}/open", leg).status == 404
    assert pad.device.door.opened == 0


# --- what stays -------------------------------------------------------------------------------------------------------


def test_a_missed_call_stands_in_the_list_with_its_picture_and_time(pad: Pad, family: Family) -> None:
    call = pad.dial("1-1-1201", jpeg(70))["call"]
    pad.press("end")
    app = Door.of(family[0])
    [listed] = app.get("/calls").body
    assert (listed["id"], listed["state"], listed["picture"], listed["mine"]) == (call, "cancelled", True, False)
    assert app.client.get(f"/api/v1/calls/{call}/picture").content == jpeg(70)
    [notice] = app.get("/notices").body["items"]
    assert (notice["kind"], notice["title"]) == ("call", "未接来电")
    assert "东门" in notice["body"]


def test_whoever_declined_one_call_hears_of_the_next_that_is_missed(pad: Pad, family: Family) -> None:
    first = pad.dial("1-1-1201")["call"]
    Door.of(family[0]).post(f"/calls/{first}/refuse")
    pad.press("end")
    assert Door.of(family[0]).get("/notices").body["items"] == []
    pad.dial("1-1-1201")
    pad.press("end")
    assert [one["title"] for one in Door.of(family[0]).get("/notices").body["items"]] == ["未接来电"]


def test_a_visitor_leaves_a_message_that_the_home_hears_and_deletes(pad: Pad, family: Family) -> None:
    call = pad.dial("1-1-1201")["call"]
    for one in family:
        Door.of(one).post(f"/calls/{call}/refuse")
    assert pad.press("message", call=call, kind="audio/webm;codecs=opus", sound=SOUND)["ok"] is True
    assert pad.press("message", call=call, kind="audio/webm", sound=SOUND)["code"] == "no_message_now"
    app = Door.of(family[1])
    heard = app.client.get(f"/api/v1/calls/{call}/message")
    assert (heard.content, heard["Content-Type"]) == (base64.b64decode(SOUND), "audio/webm")
    assert app.delete(f"/calls/{call}/message").status == 204
    assert Door.of(family[0]).get(f"/calls/{call}/message").code == "no_message"


def test_a_home_that_did_not_agree_to_messages_gets_none(pad: Pad, home: Home) -> None:
    only = factories.person((*factories.EVERYTHING, INTERCOM))
    factories.member(only, home)
    call = pad.dial("1-1-1201")["call"]
    Door.of(only).post(f"/calls/{call}/refuse")
    assert pad.press("message", call=call, kind="audio/webm", sound=SOUND)["code"] == "no_messages_here"


@pytest.mark.parametrize("sound", ["", base64.b64encode(bytes(300_001)).decode(), "no base64 !"])
def test_what_is_no_message_is_not_kept(pad: Pad, family: Family, sound: str) -> None:
    call = pad.dial("1-1-1201")["call"]
    for one in family:
        Door.of(one).post(f"/calls/{call}/refuse")
    assert pad.press("message", call=call, kind="audio/webm", sound=sound)["ok"] is False
    with scope.platform():
        assert not CallMessage.objects.exists()


def test_after_a_week_the_picture_is_gone_for_good_and_after_a_month_the_call(
    pad: Pad, family: Family, django_capture_on_commit_callbacks: Any
) -> None:
    call = pad.dial("1-1-1201")["call"]
    pad.press("end")
    with scope.platform():
        kept = CallPicture.objects.get(call=call)
        visitor, sealed = kept.visitor, bytes(kept.image.sealed())
        Call.objects.filter(pk=call).update(at=timezone.now() - timedelta(days=7, minutes=1))
        CallPicture.objects.update(at=timezone.now() - timedelta(days=7, minutes=1))
    assert vault().knows(visitor)
    with django_capture_on_commit_callbacks(execute=True):
        forgetting.past()
    assert Door.of(family[0]).get(f"/calls/{call}/picture").code == "no_picture"
    with pytest.raises(Erased):  # also from a backup of the row
        vault().open(visitor, "intercom.CallPicture.image", sealed)
    with scope.platform():
        Call.objects.filter(pk=call).update(at=timezone.now() - timedelta(days=30, minutes=1))
    retention.expire()
    assert Door.of(family[0]).get("/calls").body == []


def test_taking_the_consent_back_ends_ringing_and_seeing(pad: Pad, family: Family) -> None:
    call = pad.dial("1-1-1201")["call"]
    consent.withdraw(family[0].pk, INTERCOM)
    assert ringing(family[0]) == []
    assert Door.of(family[0]).get("/calls").body == []
    assert Door.of(family[0]).post(f"/calls/{call}/accept").status == 404
    with scope.platform():
        assert not Ring.objects.filter(person=family[0]).exists()
    assert len(ringing(family[1])) == 1


def test_when_the_last_who_may_see_them_leaves_the_calls_go_for_good(
    pad: Pad, family: Family, home: Home, django_capture_on_commit_callbacks: Any
) -> None:
    call = pad.dial("1-1-1201")["call"]
    pad.press("end")
    with scope.platform():
        visitor = Call.objects.get(pk=call).visitor
    assert visitor is not None
    with django_capture_on_commit_callbacks(execute=True):
        consent.withdraw(family[0].pk, INTERCOM)
    assert len(Door.of(family[1]).get("/calls").body) == 1
    assert vault().knows(visitor)
    with django_capture_on_commit_callbacks(execute=True), scope.platform():
        homes.end_membership(Member.objects.get(person=family[1], home=home))
    with scope.platform():
        assert not Call.objects.filter(pk=call).exists()
    assert not vault().knows(visitor)


def test_whoever_moves_in_later_sees_no_earlier_calls(pad: Pad, family: Family, home: Home) -> None:
    pad.dial("1-1-1201")
    pad.press("end")
    new = factories.person(RUNG)
    factories.member(new, home)
    assert Door.of(new).get("/calls").body == []


# --- being left alone -------------------------------------------------------------------------------------------------


def test_whoever_wants_to_be_left_alone_is_not_rung_and_finds_the_call_later(pad: Pad, family: Family) -> None:
    app = Door.of(family[0])
    assert (
        app.client.put(
            "/api/v1/calls/quiet", '{"off": true, "since": null, "until": null}', "application/json"
        ).status_code
        == 200
    )
    call = pad.dial("1-1-1201")["call"]
    assert ringing(family[0]) == []
    assert len(ringing(family[1])) == 1
    pad.press("end")
    assert [one["id"] for one in app.get("/calls").body] == [call]
    assert app.get("/notices").body["items"][0]["kind"] == Notice.Kind.CALL


@pytest.mark.parametrize(
    ("since", "until", "now", "quiet"),
    [
        (time(22), time(7), time(23), True),
        (time(22), time(7), time(6, 59), True),
        (time(22), time(7), time(7), False),
        (time(22), time(7), time(12), False),
        (time(12), time(14), time(13), True),
        (time(12), time(14), time(14), False),
    ],
)
def test_quiet_hours_may_go_over_midnight(
    family: Family, since: time, until: time, now: time, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anju.intercom.models import Quiet

    day = timezone.localtime().replace(hour=now.hour, minute=now.minute, second=0)
    monkeypatch.setattr(queries.timezone, "localtime", lambda: day)
    assert queries.is_quiet(Quiet(person=family[0], since=since, until=until)) is quiet


def test_hours_without_an_end_are_refused(family: Family) -> None:
    answer = Door.of(family[0]).client.put(
        "/api/v1/calls/quiet", '{"off": false, "since": "22:00", "until": null}', "application/json"
    )
    assert answer.json()["code"] == "bad_hours"
