"""The gate's page calls over an encrypted WebSocket, whose certificate is checked; and what else knocks there."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from anju.access.models import Gate
from anju.homes.models import Home
from anju.installation.ports import outer
from anju.intercom.models import CallState
from anju.people.models import Person
from anju.sip import devices, place
from tests.intercom.conftest import Pad
from tests.sip import websocket
from tests.sip.conftest import Register, softphone, until
from tests.sip.test_calls import HOME, device, opened, pick_up, state
from tests.sip.websocket import Browser


def browser(username: str, password: str) -> Browser:
    return Browser(("", 0), username, password)


def test_the_gates_page_calls_over_an_encrypted_websocket(
    pad: Pad, gate: Gate, resident: Person, home: Home, agent: Register
) -> None:
    told = devices.sip_for_gate(gate)
    page = browser(told["uri"].removeprefix("sip:").partition("@")[0], told["password"])
    phone = device(resident, home, agent)
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call) == 0
    pick_up(phone)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert phone.press("#") == 200
    assert until(lambda: opened(call))
    assert phone.hang_up(page)
    page.close()


def test_a_device_registers_and_rings_over_it(pad: Pad, page: Browser, resident: Person, home: Home) -> None:
    account = softphone(resident, home)
    phone = browser(account.device.username, account.password)
    assert phone.register() == 200
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call) == 0
    phone.ring()
    phone.decline()
    assert page.outcome() == 603
    phone.close()
    liar = browser(account.device.username, "wrong")
    assert liar.register() == 401
    liar.close()


@pytest.mark.parametrize("path", ["/", "/RPC", "/etc/passwd"])
def test_whoever_knocks_and_is_no_websocket_is_told_nothing(path: str) -> None:
    there = f"https://{place.host()}:{outer('sip_wss')}{path}"
    assert httpx.get(there, verify=websocket.trusting()).status_code == 404
    there = f"http://{place.address()}:{outer('sip')}{path}"
    with pytest.raises(httpx.HTTPError):
        httpx.get(there, timeout=2).raise_for_status()


def test_a_websocket_that_speaks_no_sip_is_refused() -> None:
    with pytest.raises(InvalidStatus), websocket.dial("chat"):
        pass
