"""A call from the gate's page rings SIP devices beside the app; whoever answers opens, once, while it is up."""

import json
import socket
import time

import httpx
from django.utils import timezone

from anju.access.models import Gate
from anju.homes.models import Home
from anju.installation.ports import ports
from anju.intercom.models import Call, CallState, Ring, RingState, Via
from anju.people.models import Person
from anju.privacy import scope
from anju.sip import calls, devices, kamailio
from anju.sip.asking import HEADER
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import RUNG, Pad
from tests.sip.agent import Agent
from tests.sip.conftest import Register, softphone, until

HOME = "sip:home@anju"


def state(call: str) -> str:
    with scope.platform():
        return str(Call.objects.get(pk=call).state)


def opened(call: str) -> bool:
    with scope.platform():
        return Call.objects.get(pk=call).opened_at is not None


def device(who: Person, home: Home, agent: Register) -> Agent:
    account = softphone(who, home)
    made = agent(account.device.username, account.password)
    assert made.register() == 200
    return made


def dial(pad: Pad, page: Agent) -> str:
    """Somebody at the gate's page calls the home. Returns the call."""
    call = str(pad.dial("1-1-1201")["call"])
    assert page.invite(HOME, call=call) == 0
    return call


def pick_up(phone: Agent) -> None:
    phone.ring()
    phone.answer()


def test_a_softphone_answers_and_opens_once(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    pick_up(phone)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert until(lambda: pad.said().get("state") == "taken")
    assert page.press("#") == 200
    time.sleep(0.5)
    assert not opened(call)
    assert phone.press("#") == 200
    assert until(lambda: opened(call))
    assert pad.device.door.opened == 1
    assert phone.press("#") == 200
    time.sleep(0.3)
    assert pad.device.door.opened == 1
    assert phone.hang_up(page)
    assert until(lambda: state(call) == CallState.ENDED)
    with scope.platform():
        [ring] = Ring.objects.filter(call=call, via=Via.SIP)
        assert (ring.person, ring.state) == (resident, RingState.ANSWERED)


def test_the_app_was_first_and_the_devices_stop(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    page.provisional(180)
    assert Door.of(resident).post(f"/calls/{call}/accept").status == 200
    assert phone.cancelled()
    assert page.outcome() == 487
    assert state(call) == CallState.ANSWERED


def test_a_device_that_answers_after_the_app_is_cut_off(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    with scope.platform():  # the app's answer is in, Kamailio has not heard of it
        Call.objects.filter(pk=call).update(state=CallState.ANSWERED)
    phone.answer()
    assert page.outcome() == 200
    assert phone.hung_up() and page.hung_up()
    with scope.platform():
        assert not Ring.objects.filter(call=call, state=RingState.ANSWERED).exists()


def test_one_declines_and_the_others_go_on_ringing(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    other = factories.person(RUNG)
    factories.member(other, home)
    first, second = device(resident, home, agent), device(other, home, agent)
    call = dial(pad, page)
    for phone in (first, second):
        phone.ring()
    first.decline()
    time.sleep(0.3)
    assert state(call) == CallState.RINGING
    second.answer()
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    pad.press("end")
    assert second.hung_up()
    assert page.hung_up()


def test_a_station_on_the_wall_answers_for_the_home(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    account = devices.install(factories.person(), home)
    station = agent(account.device.username, account.password)
    assert station.register() == 200
    call = dial(pad, page)
    pick_up(station)
    assert page.outcome() == 200
    assert station.press("#") == 200
    assert until(lambda: opened(call))
    with scope.platform():
        assert Ring.objects.get(call=call, state=RingState.ANSWERED).person is None


def test_a_device_woken_by_a_push_joins_the_ringing_call(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    rung = device(resident, home, agent)
    account = softphone(resident, home)
    asleep = agent(account.device.username, account.password)
    call = dial(pad, page)
    rung.ring()
    assert asleep.register() == 200
    pick_up(asleep)
    assert page.outcome() == 200
    assert rung.cancelled()
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert asleep.press("#") == 200
    assert until(lambda: opened(call))


def test_the_visitor_goes_away_and_nothing_rings_any_more(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    page.provisional(180)
    pad.press("end")
    assert phone.cancelled()
    assert state(call) == CallState.CANCELLED


def test_a_door_stations_call_rings_the_app_too(gate: Gate, resident: Person, home: Home, agent: Register) -> None:
    account = devices.install(factories.person(), gate)
    station, phone = agent(account.device.username, account.password), device(resident, home, agent)
    assert station.invite("sip:1-1-1201@anju") == 0
    phone.ring()
    [call] = Door.of(resident).get("/calls/ringing").body
    phone.answer()
    assert station.outcome() == 200
    assert until(lambda: state(call["id"]) == CallState.ANSWERED)
    assert phone.hang_up(station)
    assert until(lambda: state(call["id"]) == CallState.ENDED)


def test_a_door_station_opens_through_the_gate_it_stands_at_once_and_only_while_the_call_is_up(
    pad: Pad, gate: Gate, resident: Person, home: Home, agent: Register
) -> None:
    account = devices.install(factories.person(), gate)
    station, phone = agent(account.device.username, account.password), device(resident, home, agent)
    assert station.invite("sip:1-1-1201@anju") == 0
    phone.ring()
    [call] = Door.of(resident).get("/calls/ringing").body
    phone.press_without_a_call("#")
    phone.answer()
    assert station.outcome() == 200
    assert until(lambda: state(call["id"]) == CallState.ANSWERED)
    assert pad.device.door.opened == 0
    assert phone.press("#") == 200
    assert until(lambda: opened(call["id"]))
    assert pad.device.door.opened == 1
    assert phone.press("#") == 200
    assert phone.hang_up(station)
    assert until(lambda: state(call["id"]) == CallState.ENDED)
    assert until(
        lambda: pad.calls.obey({"call": call["id"], "say": "open"}) == ("call_over", None)
    )  # the gate is told after
    assert pad.device.door.opened == 1
    assert pad.said() == {}  # the gate's own page has nothing to do with it


def test_nobody_but_the_answering_side_opens(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    winner, loser = (device(resident, home, agent) for _ in range(2))
    call = dial(pad, page)
    winner.ring()
    loser.ring()
    assert winner.press_without_a_call("#") == 481  # while it still rings
    winner.answer()
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    # A device that was rung knows the call's name and the gate's tag; the answering side's it cannot know.
    loser.press_without_a_call("#")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
        said = {"callid": page.name, "source_tag": page.tag, "event": 11, "type": "DTMF"}
        liar.sendto(json.dumps(said).encode(), ("127.0.0.1", ports()["sip_digits"]))
    for secret in ("", "00" * 24):
        there = f"http://127.0.0.1:{ports()['sip_desk']}/digit?dialog={page.name}&tag={winner.tag}&body=23"
        assert httpx.get(there, headers={HEADER: secret}).status_code == 403
    time.sleep(0.4)
    assert (opened(call), pad.device.door.opened) == (False, 0)
    assert winner.hang_up(page)
    winner.press("#")
    time.sleep(0.4)
    assert (opened(call), pad.device.door.opened) == (False, 0)


def test_a_key_in_the_sound_of_before_the_answer_does_nothing_however_late_its_turn_comes(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    before = timezone.now()
    phone.answer()
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert calls.pressed(page.name, phone.tag, "#", "127.0.0.1", before) == "not_heard"
    assert (opened(call), pad.device.door.opened) == (False, 0)
    assert calls.pressed(page.name, phone.tag, "#", "127.0.0.1", timezone.now()) == "opened"
    assert pad.device.door.opened == 1


def test_a_key_that_comes_before_the_word_that_its_call_is_answered_waits_for_it(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    there = f"127.0.0.1:{phone.port}"
    assert calls.pressed(page.name, page.tag, "#", there) == "not_heard"
    assert calls.pressed(page.name, phone.tag, "#", there) == "not_yet"
    phone.answer()
    assert page.outcome() == 200
    assert phone.press("#") == 200  # at once
    assert until(lambda: opened(call))


def test_a_call_is_over_though_the_word_that_it_was_answered_comes_after_that_of_its_end(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    [contact] = kamailio.contacts(account.device.username)
    call = dial(pad, page)
    phone.ring()
    calls.ended(page.name, page.tag, phone.tag, "of nobody who may answer")
    assert state(call) == CallState.RINGING
    calls.ended(page.name, page.tag, phone.tag, contact["Ruid"])
    assert state(call) == CallState.ENDED
    calls.answered(page.name, page.tag, phone.tag, contact["Ruid"])
    assert state(call) == CallState.ENDED
