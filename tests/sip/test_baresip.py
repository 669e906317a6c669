"""baresip, an indoor station by another maker: registers, rings, talks and opens, in plain and encrypted."""

from pathlib import Path

import pytest

from anju.homes.models import Home
from anju.intercom.models import CallState
from anju.people.models import Person
from anju.sip import devices, kamailio
from tests import factories
from tests.intercom.conftest import Pad
from tests.sip import baresip, rtp
from tests.sip.agent import Agent
from tests.sip.baresip import TLS, UDP, Baresip, Way
from tests.sip.conftest import until
from tests.sip.test_calls import HOME, opened, state

pytestmark = pytest.mark.skipif(not baresip.there(), reason="not installed: apt-get install baresip-core")
WORDS = b"\x20\x20\xa0\xa0"
"""What is said, in PCMU, which the station's room echoes."""


@pytest.mark.parametrize("way", [UDP, TLS], ids=["udp", "tls and srtp"])
def test_a_station_rings_talks_both_ways_and_opens(
    pad: Pad, page: Agent, resident: Person, home: Home, tmp_path: Path, way: Way
) -> None:
    account = devices.install(factories.person(), home)
    name = account.device.username
    with Baresip(tmp_path / "station", name, account.password, way) as station:
        assert until(lambda: bool(kamailio.contacts(name)), 10), station.log
        call = str(pad.dial("1-1-1201")["call"])
        assert page.invite(HOME, call=call) == 0
        assert page.provisional(180)
        station.do("accept")
        assert page.outcome() == 200
        assert until(lambda: state(call) == CallState.ANSWERED)
        assert page.sound is not None
        page.sound.speak(1, WORDS)
        assert rtp.heard(page.media, WORDS * 4), station.log
        station.do("sndcode", "#")
        assert until(lambda: opened(call)), station.log
        assert pad.device.door.opened == 1
        station.do("hangup")
        assert page.hung_up()
        assert until(lambda: state(call) == CallState.ENDED)


def test_a_station_that_answers_by_itself_opens_nothing_by_itself(
    pad: Pad, page: Agent, resident: Person, home: Home, tmp_path: Path
) -> None:
    account = devices.install(factories.person(), home)
    name = account.device.username
    with Baresip(tmp_path / "station", name, account.password, auto=True) as station:
        assert until(lambda: bool(kamailio.contacts(name)), 10), station.log
        call = str(pad.dial("1-1-1201")["call"])
        assert page.invite(HOME, call=call) == 0
        assert page.outcome() == 200
        assert until(lambda: state(call) == CallState.ANSWERED)
        page.press_in_sound("#")
        assert not until(lambda: opened(call), 0.5)
        pad.press("end")
        assert page.hung_up()
        assert station.said("session closed")


def test_a_wrong_password_registers_nothing(home: Home, tmp_path: Path) -> None:
    account = devices.install(factories.person(), home)
    with Baresip(tmp_path / "station", account.device.username, "wrong", TLS) as station:
        assert station.said("401 Unauthorized"), station.log
        assert not kamailio.contacts(account.device.username)
