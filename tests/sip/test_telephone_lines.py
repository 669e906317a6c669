"""What telephones may cost, the line to the carrier, and the choice in the app."""

import socket
import ssl
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from anju.homes.models import Home
from anju.installation.ports import outer
from anju.intercom.models import CallState, RingState
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.sip import configuration, telephones, trunk
from anju.sip.models import Telephone, Trunk, Why
from anju.sip.purposes import INTERCOM_TELEPHONE
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import RUNG, Pad
from tests.sip import carrier as does
from tests.sip import encrypted
from tests.sip.agent import Agent
from tests.sip.carrier import (
    CANCELLED,
    HUNG_UP,
    INVITED,
    RINGS,
    Carrier,
    challenges,
    info,
    pause,
    refuses,
)
from tests.sip.conftest import CARRIER, Register, until
from tests.sip.test_calls import opened, state
from tests.sip.test_telephones import SHOWN, dial, number, rung, why_not
from tests.sip.test_telephones import carrier as carrier
from tests.sip.test_telephones import line as line
from tests.sip.test_telephones import owner as owner

# --- what it may cost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ({"home_day": 1}, Why.HOME_DAY),
        ({"community_day": 1}, Why.COMMUNITY_DAY),
        ({"prefixes": "+86138 +8610"}, Why.NUMBER),
        ({"off": True}, Why.NO_LINE),
    ],
)
def test_limits_hold_at_the_moment_of_dialling(
    limit: dict[str, object],
    why: Why,
    pad: Pad,
    page: Agent,
    owner: Person,
    carrier: Carrier,
    line: Trunk,
    agent: Register,
) -> None:
    carrier.does(INVITED, refuses("480 Temporarily Unavailable"))
    call = dial(pad, page)
    assert until(lambda: rung(call).state == RingState.UNANSWERED)
    with scope.platform():
        Telephone.objects.filter(person=owner).update(after=2)
    pad.press("end")
    call = dial(pad, agent(page.username, page.password))
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(**limit)
    assert until(lambda: rung(call).state == RingState.FAILED)
    assert why_not(call) == why
    assert len(carrier.heard("INVITE")) == 1


def test_no_more_calls_than_the_line_carries(
    pad: Pad, page: Agent, owner: Person, home: Home, carrier: Carrier, line: Trunk
) -> None:
    other = factories.person((*RUNG, INTERCOM_TELEPHONE))
    factories.member(other, home, since=timezone.now() - timedelta(days=1))
    with scope.person(other.pk):
        telephones.choose(other, home.pk, 0)
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(at_once=1)
    carrier.does(INVITED, RINGS, CANCELLED)
    call = dial(pad, page, telephones=2)
    assert until(lambda: why_not(call) == Why.AT_ONCE)
    assert len(carrier.heard("INVITE")) == 1


def test_a_call_ends_when_its_time_is_over(pad: Pad, page: Agent, owner: Person, carrier: Carrier, line: Trunk) -> None:
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(seconds=3)
    carrier.does(INVITED, carrier.answers(), pause(0.5), info("1"), HUNG_UP)
    call = dial(pad, page)
    assert page.outcome() == 200
    assert page.hung_up(15)
    assert until(lambda: bool(carrier.heard("BYE"))), carrier.raw()
    assert until(lambda: state(call) == CallState.ENDED)


# --- the line itself ----------------------------------------------------------------------------------------------------


def test_the_carrier_is_told_where_we_are_and_staff_see_what_it_says(line: Trunk, carrier: Carrier) -> None:
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(registers=True)
    carrier.does(does.REGISTERS, challenges("REGISTER", "401 Unauthorized"), does.TAKES)
    trunk.tell_line()

    def said() -> int:
        with scope.platform():
            return int(Trunk.objects.get(pk=line.pk).state)

    assert until(lambda: said() == 200)
    [first, second] = carrier.heard("REGISTER")
    assert not does.proven(first) and does.proven(second)
    assert second.contact() == f"sip:{does.USER}@127.0.0.1:{outer('sip')}"
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(port=9)
    trunk.tell_line()
    assert until(lambda: said() >= 400, 10)


def test_a_line_over_tcp_rings_and_is_hung_up(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier, line: Trunk
) -> None:
    with scope.platform():
        Trunk.objects.filter(pk=line.pk).update(transport="tcp")
    carrier.does(INVITED, challenges(), RINGS, pause(0.3), carrier.answers(), pause(0.5), info("#"), HUNG_UP, way="tcp")
    call = dial(pad, page)
    assert page.outcome() == 200
    assert until(lambda: opened(call))
    pad.press("end")
    assert page.hung_up()
    assert until(lambda: bool(carrier.heard("BYE")))


def test_an_encrypted_line_rings_opens_and_its_sound_is_encrypted(
    pad: Pad, page: Agent, owner: Person, carrier: Carrier, line: Trunk
) -> None:
    answers = carrier.answers(carrier.sealed_sdp)
    carrier.does(INVITED, challenges(), RINGS, pause(0.3), answers, pause(1), info("#"), HUNG_UP, way="tcp")
    with encrypted.in_front_of(carrier.port, CARRIER) as port:
        with scope.platform():
            Trunk.objects.filter(pk=line.pk).update(transport="tls", port=port)
        call = dial(pad, page)
        assert page.outcome() == 200, carrier.raw()
        assert until(lambda: opened(call))
        offered = carrier.heard("INVITE")[-1].body
        assert "RTP/SAVP" in offered and "a=crypto:" in offered and "RTP/AVP" not in offered
        assert page.sound is not None
        page.sound.speak(0.3)
        heard = carrier.media.recv(2048)
        plain = 12 + 160  # of 20 ms of G.711: what is encrypted ends with a mark of ten bytes (RFC 3711)
        assert len(heard) == plain + 10
        pad.press("end")
        assert page.hung_up()
        assert until(lambda: bool(carrier.heard("BYE")))


def test_a_carrier_whose_certificate_nobody_vouches_for_hears_nothing(line: Trunk) -> None:
    public, private = configuration.certificate(None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    said: list[str] = []

    def serve(server: socket.socket) -> None:
        try:
            caller, _address = server.accept()
            with context.wrap_socket(caller, server_side=True) as encrypted:
                said.append(encrypted.recv(4096).decode())
        except ssl.SSLError as error:
            said.append(error.reason)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        waiting = threading.Thread(target=serve, args=(server,))
        waiting.start()
        with scope.platform():
            Trunk.objects.filter(pk=line.pk).update(transport="tls", port=server.getsockname()[1])
        trunk.tell_line()
        waiting.join(12)
    assert len(said) == 1 and "UNKNOWN_CA" in said[0], said

    def looked() -> bool:
        with scope.platform():
            return Trunk.objects.get(pk=line.pk).state in (408, 477, 500, 503)

    assert until(looked, 10)


def test_the_operator_tries_it_with_their_own_telephone(line: Trunk, owner: Person, carrier: Carrier) -> None:
    carrier.does(INVITED, challenges(), RINGS, pause(0.3), carrier.answers(), HUNG_UP)
    stranger = factories.person()
    with pytest.raises(Refused, match="consent_required"):
        trunk.try_out(line, stranger)
    assert trunk.try_out(line, owner) == 180
    assert until(lambda: bool(carrier.heard("ACK")[1:]))
    carrier.media.settimeout(3)
    assert carrier.media.recv(2048)
    assert carrier.heard("INVITE")[-1].called == number(owner)
    assert until(lambda: bool(carrier.heard("BYE")), 15)


# --- the app ------------------------------------------------------------------------------------------------------------


def test_a_resident_chooses_in_the_app_and_keeps_the_communitys_number(
    resident: Person, home: Home, line: Trunk
) -> None:
    app = Door.of(resident)
    assert app.put(f"/sip/telephones/{home.pk}", {"after": 10}).code == "consent_required"
    factories.agree(resident, INTERCOM_TELEPHONE)
    assert app.put(f"/sip/telephones/{home.pk}", {"after": 7}).code == "bad_wait"
    assert app.put(f"/sip/telephones/{home.pk}", {"after": 20}).status == 204
    shown = app.get("/sip/telephones").body
    assert shown["homes"] == [
        {"home": str(home.pk), "label": "1栋1单元1201", "number": SHOWN, "after": 20},
    ]
    assert shown["phone"].endswith(number(resident)[-4:]) and number(resident) not in shown["phone"]
    card = app.client.get(f"/api/v1/sip/telephones/{home.pk}/card").content.decode()
    assert f"TEL;TYPE=WORK,VOICE:{SHOWN}\r\n" in card
    assert f"ORG:{home.community.name}\r\n" in card
    assert app.delete(f"/sip/telephones/{home.pk}").status == 204
    assert app.get("/sip/telephones").body["homes"][0]["after"] is None


def test_nobody_has_a_telephone_rung_for_anothers_home_nor_where_no_line_is(
    resident: Person, home: Home, line: Trunk
) -> None:
    stranger = factories.person((*RUNG, INTERCOM_TELEPHONE))
    assert Door.of(stranger).put(f"/sip/telephones/{home.pk}", {"after": 0}).status == 404
    assert Door.of(stranger).get(f"/sip/telephones/{home.pk}/card").status == 404
    assert Door.of(stranger).get("/sip/telephones").body["homes"] == []
    factories.agree(resident, INTERCOM_TELEPHONE)
    with scope.platform():
        line.delete()
    assert Door.of(resident).put(f"/sip/telephones/{home.pk}", {"after": 0}).code == "no_line"
    assert Door.of(resident).get("/sip/telephones").body["homes"][0]["number"] == ""
