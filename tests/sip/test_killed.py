"""Each server of calls by SIP killed with signal 9: it comes back, the devices need not register again, and the next call works."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from anju.access.models import Gate
from anju.homes.models import Home
from anju.installation.paths import RUN
from anju.intercom.models import CallState
from anju.people.models import Person
from anju.sip import kamailio
from anju.site import sip_parts
from tests import factories
from tests.intercom.conftest import Pad
from tests.sip.agent import Agent
from tests.sip.conftest import Register, until
from tests.sip.test_calls import HOME, device, opened, state
from tests.sip.test_keys_in_sound import talking

SOON = 20.0
"""Seconds in which a call must work again: a loaded machine's. `./anju bench sip` measures them."""


def kill(part: str) -> None:
    """With all it has started."""
    os.killpg(int((RUN / f"{part}.pid").read_text()), signal.SIGKILL)


@pytest.fixture(autouse=True)
def recovered(rows: None) -> Iterator[None]:
    """What was killed is back before anything else is tried."""
    yield
    assert until(lambda: not any(part.well() for part in sip_parts.sip_parts()), 20)


def try_a_call(pad: Pad, page: Agent, phone: Agent) -> bool:
    """Whether a call rings, is answered, and a key in its sound opens."""
    opens = pad.device.door.opened
    page.patience = phone.patience = 2.0
    with suppress(AssertionError):
        call = str(pad.dial("1-1-1201")["call"])
        assert until(page.reaches)  # real ones say it again until they are answered
        if page.invite(HOME, call=call) == 0:
            phone.ring(page.name)
            phone.answer()
            if page.outcome() == 200 and until(lambda: state(call) == CallState.ANSWERED, 2):
                phone.press_in_sound("#")
                return until(lambda: opened(call) and pad.device.door.opened == opens + 1, 1)
    pad.press("end")
    return False


@pytest.mark.parametrize("part", ["sip-kamailio", "sip-rtpengine", "sip-calls", "sip-desk"])
def test_the_next_call_works(part: str, pad: Pad, page: Agent, resident: Person, home: Home, agent: Register) -> None:
    phone = device(resident, home, agent)
    time.sleep(3)  # a registration is written down within two seconds
    kill(part)
    end = time.monotonic() + SOON
    while not try_a_call(pad, agent(page.username, page.password), phone):
        assert time.monotonic() < end
        time.sleep(0.3)


def test_a_home_is_not_busy_for_a_call_that_died_with_its_server(
    pad: Pad, page: Agent, resident: Person, home: Home, gate: Gate, agent: Register, tmp_path: Path
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    kill("sip-kamailio")
    assert until(lambda: state(call) == CallState.ENDED, SOON)
    other = factories.gate(gate.community, "西门")
    (tmp_path / "other").mkdir()
    second = Pad(other, tmp_path / "other")
    try:
        told = second.dial("1-1-1201")
        assert told.get("state") != "busy"
    finally:
        second.close()


@pytest.mark.parametrize("part", ["sip-calls", "sip-desk"])
def test_a_call_goes_on_while_who_decides_is_started_anew(
    part: str, pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    kill(part)
    phone.sound and phone.sound.speak(3)
    assert state(call) == CallState.ANSWERED
    phone.press_in_sound("#")
    assert until(lambda: opened(call), SOON)
    assert phone.hang_up(page)
    assert until(lambda: state(call) == CallState.ENDED)


@pytest.mark.parametrize("part", ["sip-calls", "sip-desk"])
def test_a_call_that_ends_while_who_decides_is_away_has_ended(
    part: str, pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = talking(pad, page, phone)
    kill(part)
    assert phone.hang_up(page)
    assert until(lambda: state(call) == CallState.ENDED, SOON)
    assert not kamailio.carries(page.name)
