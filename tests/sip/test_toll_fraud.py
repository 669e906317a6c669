"""Whatever a device says, the carrier hears nothing but what the desk named: who holds a phone of ours calls nobody at our cost."""

import socket
import time
from collections.abc import Iterator

import pytest

from anju.homes.models import Home
from anju.installation.ports import outer
from anju.people.models import Person
from tests.intercom.conftest import Pad
from tests.sip.agent import SDP, Agent
from tests.sip.conftest import Register, softphone
from tests.sip.test_calls import HOME, pick_up


@pytest.fixture
def carrier() -> Iterator[socket.socket]:
    """One that knows us by our address and takes all that comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        yield line


def port(carrier: socket.socket) -> int:
    return int(carrier.getsockname()[1])


def heard(carrier: socket.socket, seconds: float = 0.6) -> list[str]:
    """The first lines of what came."""
    carrier.settimeout(0.1)
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found.append(carrier.recv(65_507).decode().split("\r\n")[0])
        except TimeoutError:
            continue
    return found


@pytest.fixture
def phone(resident: Person, home: Home, agent: Register) -> Agent:
    account = softphone(resident, home)
    return agent(account.device.username, account.password)


def test_no_first_request_reaches_it(phone: Agent, page: Agent, pad: Pad, carrier: socket.socket) -> None:
    assert phone.register() == 200
    there = f"127.0.0.1:{port(carrier)}"
    for who in (phone, page):
        for to in (f"sip:13900001111@{there}", "sip:13900001111@anju", "sip:t1@anju", "sip:line@anju"):
            for more in ("", f"Route: <sip:{there};lr>"):
                assert who.invite(to, more=more) == 0
                assert who.outcome() in (403, 404)
        for method in ("MESSAGE", "OPTIONS", "REFER", "SUBSCRIBE"):
            who.request(method, f"sip:13900001111@{there}", more=f"Route: <sip:{there};lr>")
            assert who.final(method).status == 405
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(f"sip:13900001111@{there}", call=call) == 0
    pick_up(phone)  # the call's own home is rung, whatever the address says
    assert page.outcome() == 200
    assert heard(carrier) == []


def test_no_request_inside_a_call_reaches_it(phone: Agent, page: Agent, pad: Pad, carrier: socket.socket) -> None:
    assert phone.register() == 200
    there = f"127.0.0.1:{port(carrier)}"
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call) == 0
    pick_up(phone)
    assert page.outcome() == 200
    for who in (phone, page):
        routes, target = who.routes, who.target
        tried = [
            (routes, f"sip:13900001111@{there}"),
            (routes, f"{target};alias=127.0.0.1~{port(carrier)}~1"),
            ([*routes, f"<sip:{there};lr>"], target),
            ([f"<sip:127.0.0.1:{outer('sip')};lr>", f"<sip:{there};lr>"], "sip:13900001111@anju"),
        ]
        for who.routes, who.target in tried:
            for method in ("INVITE", "UPDATE", "REFER", "BYE", "MESSAGE"):
                body = SDP.format(port=who.media.getsockname()[1]) if method in ("INVITE", "UPDATE") else ""
                who.request(method, who.to, inside=True, body=body)
        who.routes, who.target = routes, target
    assert heard(carrier) == []


@pytest.mark.parametrize("contact", [";alias=127.0.0.1~{0}~1", ";maddr=127.0.0.1:{0}", ";received=sip:127.0.0.1:{0}"])
def test_no_device_says_that_it_is_there(
    contact: str, phone: Agent, page: Agent, pad: Pad, carrier: socket.socket
) -> None:
    phone.contact = contact.format(port(carrier))
    assert phone.register() == 200
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call) == 0
    pick_up(phone)
    assert page.outcome() == 200
    page.request("INVITE", page.to, inside=True, body=SDP.format(port=page.media.getsockname()[1]))
    page.request("BYE", page.to, inside=True)
    assert heard(carrier) == []


def test_who_registers_from_elsewhere_is_rung_where_they_are(
    phone: Agent, page: Agent, pad: Pad, carrier: socket.socket
) -> None:
    phone.place = f"13900001111@127.0.0.1:{port(carrier)}"
    assert phone.register() == 200
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call) == 0
    pick_up(phone)
    assert page.outcome() == 200
    page.request("INVITE", page.to, inside=True, body=SDP.format(port=page.media.getsockname()[1]))
    page.request("BYE", page.to, inside=True)
    assert heard(carrier) == []
