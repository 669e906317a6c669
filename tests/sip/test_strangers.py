"""Whoever is not who they say, and whoever is and wants more than they may: nothing opens, nobody outside is called."""

import copy
import time

import pytest

from anju.access.models import Gate
from anju.homes.models import Home
from anju.intercom.models import CallState
from anju.people.models import Person
from anju.sip import devices, kamailio
from tests import factories
from tests.intercom.conftest import Pad
from tests.sip.agent import LINE, Agent
from tests.sip.conftest import Register, softphone, until
from tests.sip.test_calls import HOME, device, dial, opened, state
from tests.sip.test_keys_in_sound import talking


@pytest.fixture
def stranger(agent: Register) -> Agent:
    return agent("nobody", "")


def as_if(stranger: Agent, one: Agent) -> Agent:
    """The stranger, who says to be this one and knows all that this one knows."""
    liar = copy.copy(stranger)
    liar.username, liar.name, liar.tag, liar.cseq = one.username, one.name, one.tag, one.cseq + 10
    liar.remote, liar.routes, liar.target, liar.to = one.remote, one.routes, one.target, one.to
    return liar


def test_a_stranger_who_guesses_a_tag_is_not_in_the_call(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register, stranger: Agent
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    for one in (phone, page):
        for tag, remote in ((one.tag, "guessed"), ("guessed", one.remote), (one.remote, one.remote)):
            liar = as_if(stranger, one)
            liar.tag, liar.remote = tag, remote
            assert liar.press("#") in (404, 481)
            liar.request("BYE", liar.to, inside=True)
            assert liar.final("BYE").status in (404, 481)
    assert (opened(call), state(call)) == (False, CallState.ANSWERED)
    assert not phone.hung_up(0.2)
    assert not page.hung_up(0.2)
    assert phone.hang_up(page)


def test_whoever_calls_cannot_press_for_whoever_answered(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    as_if(page, phone).press("#")  # it knows every mark of the call
    time.sleep(0.5)
    assert not opened(call)
    assert phone.press("#") == 200
    assert until(lambda: opened(call))


def test_a_proof_that_was_overheard_is_worth_nothing(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register, stranger: Agent
) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    [before] = kamailio.contacts(account.device.username)
    overheard = phone.sent.replace(f":{phone.port}", f":{stranger.port}")
    for again in (overheard, overheard.replace("z9hG4bK", "z9hG4bKx").replace("Call-ID: r", "Call-ID: x")):
        stranger.line.sendto(again.encode(), stranger.server)
        answer = stranger.hear(2)
        assert answer is None or answer.status in (401, 407), answer.text
    [after] = kamailio.contacts(account.device.username)
    assert (before["Received"], before["CSeq"]) == (after["Received"], after["CSeq"])
    dial(pad, page)
    phone.ring()
    overheard = page.sent.replace(f":{page.port}", f":{stranger.port}").replace("z9hG4bK", "z9hG4bKx")
    stranger.line.sendto(overheard.replace("Call-ID: ", "Call-ID: x").encode(), stranger.server)
    answer = stranger.hear(2)
    assert answer is not None
    assert answer.status in (401, 407), answer.text


def test_who_knows_a_calls_name_cannot_end_it_by_calling_under_it(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone, other = device(resident, home, agent), device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    other.ring()
    other.name = page.name
    assert other.invite(HOME) == 0
    assert other.outcome() == 403
    time.sleep(0.3)
    assert state(call) == CallState.RINGING
    phone.answer()
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert phone.press("#") == 200
    assert until(lambda: opened(call))


def test_a_caller_makes_no_phone_answer_and_says_to_be_nobody_else(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = pad.dial("1-1-1201")["call"]
    said = (
        f"X-Anju-Call: {call}", 'P-Asserted-Identity: "110" <sip:110@anju>', "Remote-Party-ID: <sip:110@anju>;party=calling",
        "P-Preferred-Identity: <sip:110@anju>", "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer", "Answer-Mode: Auto",
        "Call-Info: <sip:anju>;answer-after=0", "Priv-Answer-Mode: Auto;require", "Replaces: x;to-tag=1;from-tag=2",
        "Diversion: <sip:110@anju>", "History-Info: <sip:110@anju>;index=1", "Referred-By: <sip:110@anju>",
    )  # fmt: skip
    assert page.invite(HOME, more=LINE.join(said)) == 0
    phone.ring()
    assert phone.incoming is not None
    for one in said[1:]:
        name = one.partition(":")[0]
        assert not phone.incoming.header(name), name
    phone.answer()
    assert page.outcome() == 200


def test_another_gates_call_is_nobodys_to_carry(
    pad: Pad, resident: Person, home: Home, gate: Gate, agent: Register
) -> None:
    phone = device(resident, home, agent)
    other = devices.sip_for_gate(factories.gate(gate.community, "西门"))
    page = agent(other["uri"].removeprefix("sip:").partition("@")[0], other["password"])
    call = dial(pad, page)
    assert page.outcome() == 404
    assert phone.hear(0.5) is None
    assert state(call) == CallState.RINGING
