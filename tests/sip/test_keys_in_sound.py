"""Keys that come as part of the sound (RFC 4733): the media relay hears them and tells the desk."""

import socket
import time

from anju.homes.models import Home
from anju.intercom.models import CallState
from anju.people.models import Person
from tests.intercom.conftest import Pad
from tests.sip import rtp
from tests.sip.agent import Agent
from tests.sip.conftest import Register, until
from tests.sip.test_calls import HOME, device, opened, pick_up, state


def talking(pad: Pad, page: Agent, phone: Agent) -> str:
    """A call that is up between the gate's page and this device."""
    call = str(pad.dial("1-1-1201")["call"])
    assert page.invite(HOME, call=call) == 0
    pick_up(phone)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    return call


def test_the_side_that_answered_opens_once_by_a_key_in_its_sound(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    phone.press_in_sound("5")
    time.sleep(0.3)
    assert not opened(call)
    phone.press_in_sound("#")
    assert until(lambda: opened(call))
    assert pad.device.door.opened == 1
    phone.press_in_sound("#")
    time.sleep(0.4)
    assert pad.device.door.opened == 1


def press(there: tuple[str, int], *, at: str) -> None:
    """The key by somebody else, who sends from this address to a port of the relay."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((at, 0))
        stranger = rtp.Stream(line, there)
        stranger.speak(0.1)
        stranger.press("#")


def test_the_gates_own_sound_and_a_strangers_open_nothing(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    assert phone.sound is not None
    assert page.sound is not None
    phone.sound.speak(0.3, b"\x55")
    assert rtp.heard(page.media, b"\x55" * 160)  # the way through the relay is there
    page.press_in_sound("#")
    for there in (phone.sound.there, page.sound.there):
        for at in ("127.0.0.1", "127.0.0.2"):
            press(there, at=at)
    time.sleep(0.5)
    assert (opened(call), pad.device.door.opened) == (False, 0)
    phone.press_in_sound("#")
    assert until(lambda: opened(call))


def test_a_stranger_who_sends_before_the_device_does_opens_nothing(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    assert phone.sound is not None
    press(phone.sound.there, at="127.0.0.2")
    time.sleep(0.5)
    assert (opened(call), pad.device.door.opened) == (False, 0)


def test_keys_of_a_call_that_is_over_open_nothing(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    assert phone.hang_up(page)
    phone.press_in_sound("#")
    time.sleep(0.4)
    assert (opened(call), pad.device.door.opened) == (False, 0)
