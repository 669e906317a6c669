"""The relay carries calls and nothing else: whoever has a password for a call gets no further than another device's address."""

import ipaddress
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from anju.installation.ports import outer, taken
from anju.intercom import ice
from anju.sip import configuration, place
from tests.sip.turn import TCP, Asker

FORBIDDEN = 403
CLOUD = "169.254.169.254"
NEVER = ("0.0.0.0", "0.0.0.1", "169.254.0.23", "100.100.100.200", "192.0.0.192", "224.0.0.1")  # noqa: S104  nobody listens
ON_THE_INTERNET = "198.41.0.4"
INNER = ("10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1")
Ask = Callable[[str], Asker]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """ask(address): somebody in a call, at the relay that listens there."""
    with ExitStack() as made:

        def at(address: str) -> Asker:
            [given] = ice.servers()
            asker = Asker((address, outer("turn")), given["username"], given["credential"])
            return made.enter_context(closing(asker))

        yield at


@pytest.fixture
def here() -> str:
    """An address of this machine by which others reach it."""
    found = (ipaddress.ip_address(one) for one in configuration.own_addresses())
    reached = [str(one) for one in found if one.version == 4 and not (one.is_loopback or one.is_global)]
    return reached[0] if reached else pytest.skip("this machine has no address on a local network")


@pytest.fixture
def relay_as(here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """relay_as(address): coturn as it is configured for a server at this address. It listens here, whatever the address."""
    monkeypatch.setattr(place, "FOLDER", tmp_path / "sip")
    with ExitStack() as made:

        def begin(address: str) -> None:
            monkeypatch.setenv("ANJU_SIP_ADDRESS", address)
            command = configuration.coturn(owner=None)
            settings = tmp_path / "sip" / "turn.conf"
            text = settings.read_text().replace(f"listening-ip={address}\n", f"listening-ip={here}\n")
            settings.write_text(text.replace(f"relay-ip={address}\n", f"relay-ip={here}\n"))
            running = made.enter_context(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            made.callback(running.terminate)
            end = time.monotonic() + 10
            while not taken(outer("turn"), here):
                assert running.poll() is None and time.monotonic() < end
                time.sleep(0.05)

        yield begin


def test_a_call_is_relayed_to_devices_and_not_to_where_clouds_keep_their_secrets(ask: Ask) -> None:
    caller = ask(place.address())
    assert caller.allocate() == 0
    assert caller.permit(place.address()) == 0  # this is a trial: all its devices are on this machine
    assert caller.permit(ON_THE_INTERNET) == 0
    for peer in (CLOUD, *NEVER, f"::ffff:{CLOUD}"):
        assert caller.permit(peer) != 0, peer
    assert caller.permit(CLOUD) == FORBIDDEN


def test_nobody_opens_a_tcp_connection_through_the_relay(ask: Ask) -> None:
    assert ask(place.address()).allocate(TCP) != 0


def test_nobody_is_relayed_by_ipv6_where_the_server_has_none(ask: Ask) -> None:
    assert ask(place.address()).allocate(family=6) != 0


def test_a_guessed_password_gets_nothing(ask: Ask) -> None:
    caller = ask(place.address())
    caller._password = "guessed"
    assert caller.allocate() == 401


def test_on_a_local_network_its_devices_are_reached_and_the_machine_itself_is_not(
    ask: Ask, relay_as: Callable[[str], None], here: str
) -> None:
    relay_as(here)
    caller = ask(here)
    assert caller.allocate() == 0
    for peer in (here, "192.168.1.1", ON_THE_INTERNET):
        assert caller.permit(peer) == 0, peer
    for peer in (CLOUD, *NEVER, "127.0.0.1", "127.0.0.53"):
        assert caller.permit(peer) == FORBIDDEN, peer


def test_from_the_internet_nobody_reaches_the_network_behind_or_the_machines_other_addresses(
    ask: Ask, relay_as: Callable[[str], None], here: str
) -> None:
    address = "198.41.0.5"
    relay_as(address)
    caller = ask(here)
    assert caller.allocate() == 0
    for peer in (address, ON_THE_INTERNET):
        assert caller.permit(peer) == 0, peer
    for peer in (here, CLOUD, *NEVER, *INNER, "127.0.0.1"):
        assert caller.permit(peer) == FORBIDDEN, peer
