"""A gate's call rings a telephone through the carrier's line. The carrier is sipp: it sees what a real one would see."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from anju.homes import actions as homes
from anju.homes.models import Home, Member
from anju.installation.paths import LOGS
from anju.installation.ports import ports
from anju.intercom.models import CallState, Ring, RingState, Via
from anju.intercom.purposes import INTERCOM
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import Sharing
from anju.sip import place, telephones, trunk
from anju.sip.asking import HEADER
from anju.sip.models import Spent, Telephone, Trouble, Trunk, Why
from anju.sip.purposes import INTERCOM_TELEPHONE
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import RUNG, Pad
from tests.sip import carrier as does
from tests.sip import rtp
from tests.sip.agent import Agent
from tests.sip.carrier import (
    CANCELLED,
    HANGS_UP,
    HUNG_UP,
    INVITED,
    RINGS,
    Carrier,
    challenges,
    info,
    pause,
    refuses,
)
from tests.sip.conftest import Register, softphone, until
from tests.sip.test_calls import HOME, opened, state

SHOWN = "01088886666"


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    (tmp_path / "carrier").mkdir()
    made = Carrier(tmp_path / "carrier")
    yield made
    made.close()


@pytest.fixture
def line(carrier: Carrier, home: Home) -> Trunk:
    """The community's line, as its carrier sold it."""
    made = Trunk(community=home.community, host="127.0.0.1", port=carrier.port, number=SHOWN, user=does.USER)
    with scope.platform():
        trunk.keep(made, does.PASSWORD, factories.person())
    return made


@pytest.fixture
def owner(resident: Person, home: Home, line: Trunk) -> Person:
    """The resident wants their telephone rung at once."""
    factories.agree(resident, INTERCOM_TELEPHONE)
    resident.phone_verified = True
    resident.save(update_fields=["phone_verified"])
    with scope.person(resident.pk):
        telephones.choose(resident, home.pk, 0)
    return resident


def number(person: Person) -> str:
    """As the carrier wants it."""
    assert person.phone is not None
    return str(person.phone.open()).removeprefix("+86")


def traced(call: str) -> list[Ring]:
    with scope.platform():
        return list(Ring.objects.filter(call=call, via=Via.PHONE))


def rung(call: str) -> Ring:
    [one] = traced(call)
    return one


def why_not(call: str) -> str:
    """What staff see was in the way; "" when nothing was."""
    with scope.platform():
        return "".join(Trouble.objects.filter(ring__call=call).values_list("why", flat=True))


def dial(pad: Pad, page: Agent, telephones: int = 1) -> str:
    call = str(pad.dial("1-1-1201")["call"])
    assert page.invite(HOME, call=call) == 0
    assert until(lambda: len(traced(call)) == telephones)
    return call


def test_a_telephone_rings_talks_and_opens_once(pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, challenges(), RINGS, pause(0.3), carrier.answers(), HUNG_UP)
    call = dial(pad, page)
    assert until(lambda: bool(carrier.heard("ACK")[1:]))
    assert until(lambda: rung(call).state == RingState.RUNG)
    assert state(call) == CallState.RINGING  # picked up, and nobody has pressed anything
    sound = carrier.sound()
    sound.speak(0.2)
    carrier.media.settimeout(5)
    assert carrier.media.recv(2048)  # who rings, spoken
    sound.press("#")
    assert page.outcome() == 200
    assert until(lambda: opened(call))
    assert state(call) == CallState.ANSWERED
    assert pad.device.door.opened == 1
    sound.press("#")
    time.sleep(0.5)
    assert pad.device.door.opened == 1
    [first, second] = carrier.heard("INVITE")
    assert not does.proven(first) and does.proven(second)
    assert second.called == number(owner)
    pad.press("end")
    assert page.hung_up()
    assert until(lambda: bool(carrier.heard("BYE")))
    assert until(lambda: state(call) == CallState.ENDED)


def picked_up(carrier: Carrier) -> bool:
    return until(lambda: bool(carrier.heard("ACK")))


def test_a_key_told_by_a_message_opens_too(pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, RINGS, carrier.answers(), pause(0.5), info("#"), HUNG_UP)
    call = dial(pad, page)
    assert page.outcome() == 200
    assert until(lambda: opened(call))
    assert (state(call), pad.device.door.opened) == (CallState.ANSWERED, 1)


def test_one_talks_first_and_hangs_up_and_nothing_has_opened(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier
) -> None:
    carrier.does(INVITED, carrier.answers(), pause(0.5), info("1"), pause(1.5), HANGS_UP)
    call = dial(pad, page)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert page.sound is not None
    carrier.sound().speak(0.3, b"\x5a")
    assert rtp.heard(page.media, b"\x5a" * 160)
    page.sound.speak(0.3, b"\x33")
    assert rtp.heard(carrier.media, b"\x33" * 160)
    assert page.hung_up()
    assert until(lambda: state(call) == CallState.ENDED)
    assert (opened(call), rung(call).state) == (False, RingState.ANSWERED)


@pytest.mark.parametrize("by", ["sound", "message"])
def test_the_star_refuses(by: str, pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, carrier.answers(), pause(0.3), *([info("*")] if by == "message" else []), HUNG_UP)
    call = dial(pad, page)
    assert picked_up(carrier)
    if by == "sound":
        sound = carrier.sound()
        sound.speak(0.1)
        sound.press("*")
    assert until(lambda: state(call) == CallState.REFUSED)
    assert page.outcome() in (408, 487)
    assert until(lambda: bool(carrier.heard("BYE")))
    assert (rung(call).state, pad.device.door.opened) == (RingState.REFUSED, 0)


@pytest.mark.parametrize(
    ("answer", "state_", "why"),
    [
        ("486 Busy Here", RingState.UNANSWERED, Why.BUSY),
        ("603 Decline", RingState.REFUSED, ""),
        ("404 Not Found", RingState.FAILED, Why.UNKNOWN),
        ("480 Temporarily Unavailable", RingState.UNANSWERED, ""),
        ("403 Forbidden", RingState.FAILED, Why.CARRIER),
        ("503 Service Unavailable", RingState.FAILED, Why.CARRIER),
    ],
)
def test_what_a_carrier_says_no_by_is_seen_by_staff(
    answer: str, state_: str, why: str, pad: Pad, page: Agent, owner: Person, carrier: Carrier
) -> None:
    carrier.does(INVITED, refuses(answer))
    call = dial(pad, page)
    assert until(lambda: rung(call).state == state_)
    assert why_not(call) == why
    assert state(call) == CallState.RINGING  # the app goes on
    assert Door.of(owner).post(f"/calls/{call}/accept").status == 200


def test_a_number_proven_wrongly_is_a_matter_for_staff(pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, challenges(), refuses("403 Forbidden"))
    call = dial(pad, page)
    assert until(lambda: why_not(call) == Why.CARRIER)


def test_what_sounds_before_somebody_picks_up_is_not_heard_at_the_gate(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier
) -> None:
    carrier.does(INVITED, carrier.speaks_early(), pause(1.5), refuses("480 Temporarily Unavailable"))
    call = dial(pad, page)
    assert until(lambda: rung(call).state == RingState.RUNG)
    assert not page.provisional(180).body
    carrier.sound().speak(0.3, b"\x5a")
    assert not rtp.heard(page.media, b"\x5a" * 160, 0.5)
    assert until(lambda: rung(call).state == RingState.UNANSWERED)


def test_a_voicemail_takes_no_call_from_the_app(pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, carrier.answers(), HUNG_UP)
    call = dial(pad, page)
    assert picked_up(carrier)
    carrier.sound().speak(1.0, b"\x5a")
    assert until(lambda: bool(carrier.heard("ACK")))
    assert not rtp.heard(page.media, b"\x5a" * 160, 0.3)
    assert state(call) == CallState.RINGING
    assert Door.of(owner).post(f"/calls/{call}/accept").status == 200
    assert until(lambda: bool(carrier.heard("BYE")))
    assert page.outcome() == 487
    assert rung(call).state == RingState.ELSEWHERE


def test_the_app_was_first_and_the_telephone_stops_ringing(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier
) -> None:
    carrier.does(INVITED, RINGS, CANCELLED)
    call = dial(pad, page)
    assert until(lambda: rung(call).state == RingState.RUNG)
    assert Door.of(owner).post(f"/calls/{call}/accept").status == 200
    assert until(lambda: len(carrier.heard("ACK")) == 1)
    assert page.outcome() == 487
    assert rung(call).state == RingState.ELSEWHERE


def test_the_telephone_was_first_and_a_softphone_stops_ringing(
    pad: Pad, page: Agent, owner: Person, home: Home, carrier: Carrier, agent: Register
) -> None:
    carrier.does(INVITED, RINGS, pause(0.3), carrier.answers(), pause(0.5), info("1"), HUNG_UP)
    account = softphone(owner, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    call = dial(pad, page)
    phone.ring()
    assert phone.cancelled()
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert Door.of(owner).post(f"/calls/{call}/accept").code == "taken"


def test_the_visitor_goes_away_and_the_telephone_stops_ringing(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier
) -> None:
    carrier.does(INVITED, RINGS, CANCELLED)
    call = dial(pad, page)
    assert until(lambda: rung(call).state == RingState.RUNG)
    pad.press("end")
    assert until(lambda: bool(carrier.heard("CANCEL")))
    assert state(call) == CallState.CANCELLED


def test_it_rings_only_when_nobody_has_answered_for_so_long(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier, agent: Register
) -> None:
    carrier.does(INVITED, RINGS, CANCELLED)
    with scope.platform():
        Telephone.objects.update(after=3)
    call = dial(pad, page)
    time.sleep(1.5)
    assert carrier.heard("INVITE") == []
    assert until(lambda: bool(carrier.heard("INVITE")))
    pad.press("end")
    assert state(call) == CallState.CANCELLED
    page = agent(page.username, page.password)
    call = dial(pad, page)
    assert Door.of(owner).post(f"/calls/{call}/accept").status == 200
    assert page.outcome() == 487
    time.sleep(3.5)
    assert len(carrier.heard("INVITE")) == 1
    with scope.platform():
        assert Spent.objects.get(home__telephones__person=owner).times == 1


# --- whose choice it is -----------------------------------------------------------------------------------------------


def test_nothing_is_dialled_for_who_has_not_chosen_it(
    pad: Pad, page: Agent, resident: Person, line: Trunk, carrier: Carrier
) -> None:
    carrier.does(INVITED, RINGS, CANCELLED)
    factories.agree(resident, INTERCOM_TELEPHONE)  # to agree is not yet to choose
    call = str(pad.dial("1-1-1201")["call"])
    assert page.invite(HOME, call=call) == 0
    assert page.outcome() == 480
    assert (carrier.heard("INVITE"), traced(call)) == ([], [])


@pytest.mark.parametrize("how", ["off", "withdrawn", "intercom", "restricted", "moved"])
def test_a_choice_taken_back_ends_the_call_under_way(
    how: str, pad: Pad, page: Agent, owner: Person, home: Home, carrier: Carrier
) -> None:
    carrier.does(INVITED, RINGS, CANCELLED)
    call = dial(pad, page)
    assert until(lambda: rung(call).state == RingState.RUNG)
    if how == "off":
        assert Door.of(owner).delete(f"/sip/telephones/{home.pk}").status == 204
    elif how == "restricted":
        consent.restrict(owner.pk, INTERCOM_TELEPHONE)
    elif how == "moved":
        with scope.platform():
            homes.end_membership(Member.objects.get(person=owner))
    else:
        consent.withdraw(owner.pk, INTERCOM_TELEPHONE if how == "withdrawn" else INTERCOM)
    assert until(lambda: bool(carrier.heard("CANCEL")))
    with scope.platform():
        kept = Telephone.objects.filter(person=owner).exists()
    assert kept == (how == "restricted")


def test_a_choice_taken_back_ends_the_talk(pad: Pad, page: Agent, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, carrier.answers(), pause(0.5), info("1"), HUNG_UP)
    call = dial(pad, page)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    consent.withdraw(owner.pk, INTERCOM_TELEPHONE)
    assert until(lambda: bool(carrier.heard("BYE")))
    assert page.hung_up()


def test_two_of_a_home_are_rung_and_the_first_key_wins(
    pad: Pad, page: Agent, owner: Person, home: Home, carrier: Carrier
) -> None:
    other = factories.person((*RUNG, INTERCOM_TELEPHONE))
    factories.member(other, home, since=timezone.now() - timedelta(days=1))
    with scope.person(other.pk):
        telephones.choose(other, home.pk, 0)
    carrier.does(INVITED, RINGS, pause(0.2), carrier.answers(), pause(30), HUNG_UP)
    call = dial(pad, page, telephones=2)
    assert until(lambda: len(carrier.heard("ACK")) == 2)
    first, second = carrier.heard("INVITE")
    assert {first.called, second.called} == {number(owner), number(other)}
    rtp.Stream(carrier.media, rtp.place(second.body)).press("1")
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert until(lambda: sorted(one.state for one in traced(call)) == [RingState.ANSWERED, RingState.ELSEWHERE])
    assert until(lambda: [one.name for one in carrier.heard("BYE")][:1] == [first.name])


# --- what the carrier, the gate and the logs know -----------------------------------------------------------------------


def test_the_carrier_sees_the_communitys_number_and_the_gate_none(
    pad: Pad, page: Agent, owner: Person, home: Home, carrier: Carrier
) -> None:
    carrier.does(INVITED, challenges(), RINGS, pause(0.3), carrier.answers(), pause(0.5), info("#"), HUNG_UP)
    call = dial(pad, page)
    assert page.outcome() == 200
    assert until(lambda: opened(call))
    pad.press("end")
    assert page.hung_up()
    assert until(lambda: bool(carrier.heard("BYE")))
    own = number(owner)
    assert page.heard
    assert not any(own in one or does.REALM in one or str(carrier.port) in one for one in page.heard)
    for said in carrier.heard():
        assert re.search(r"sip:([^@]+)@", said.get("from"))[1] == SHOWN  # type: ignore[index]
        whole = "\n".join((said.first, *(f"{name}: {text}" for name, text in said.headers), said.body))
        for hidden in (page.username, page.name, call, pad.gate.name, str(home.pk), "1201", does.PASSWORD):
            assert hidden not in whole
    assert {one.get("p-asserted-identity") for one in carrier.heard("INVITE")} == {f"<sip:{SHOWN}@127.0.0.1>"}
    logs = [path for path in LOGS.rglob("*") if path.is_file()]
    assert any(path.name.startswith("sip-kamailio") for path in logs)
    for path in logs:
        text = path.read_text(errors="replace")
        assert own not in text and does.PASSWORD not in text, path.name
    with scope.platform():
        sent = Sharing.objects.filter(subject=owner.pk, recipient="carrier")
        assert [one.fields for one in sent] == [["phone"]]


def test_a_stranger_on_this_machine_makes_no_call(line: Trunk, owner: Person, carrier: Carrier) -> None:
    """Kamailio asks the desk even of what comes from the line's own address, and the desk names what it began itself."""
    carrier.does(INVITED, RINGS, CANCELLED)
    there = f"http://127.0.0.1:{ports()['sip_desk']}/line?dialog="
    for name in ("x", "0" * 24):
        answer = httpx.get(f"{there}{name}", headers={HEADER: place.secret()})
        assert answer.json() == {"to": ""}
    assert httpx.get(f"{there}x").status_code == 403
    assert carrier.heard("INVITE") == []
