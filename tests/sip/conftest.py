"""The SIP server as `./anju sip up` runs it, on a database of its own that other processes see."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from anju.access.models import Gate
from anju.bus import client as bus
from anju.homes.models import Community, Home
from anju.installation.paths import VAR
from anju.installation.ports import outer
from anju.partners import web_push
from anju.people.models import Person
from anju.privacy import scope
from anju.sip import configuration, devices, packages, place
from anju.site import postgres, sip_parts
from anju.site.supervisor import Supervisor
from tests import factories
from tests.intercom.conftest import RUNG, Pad
from tests.notices import push_service as push_services
from tests.notices.push_service import PushService
from tests.services import TEMPLATE
from tests.sip import encrypted
from tests.sip.agent import Agent

DATABASE = "test_sip"
CARRIER = VAR / "carrier.pem"
"""Whom the operator has said to believe (ANJU_SIP_CA)."""


def _make_database() -> None:
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as made:
        made.execute(f'drop database if exists "{DATABASE}" with (force)')
        made.execute(f'create database "{DATABASE}" template {TEMPLATE} owner {postgres.OWNER}')
        made.execute(f'grant connect on database "{DATABASE}" to {postgres.APP}, {postgres.SIP}')


@pytest.fixture(scope="package")
def push_service() -> Iterator[PushService]:
    """The operator's own, known to who decides about calls from their start."""
    before = os.environ.get("ANJU_PUSH_HOSTS", "")
    with push_services.running() as made:
        os.environ["ANJU_PUSH_HOSTS"] = made.host
        made.key = web_push.public_key()
        yield made
        os.environ["ANJU_PUSH_HOSTS"] = before


@pytest.fixture(scope="package")
def server(push_service: PushService) -> Iterator[Supervisor]:
    """Kamailio, rtpengine, coturn and the desk; the tests' own rows are committed to the same database.

    An installation has one: where two workers have tests of this package, one waits for the other.
    """
    if missing := packages.missing():
        pytest.skip(f"not installed: apt-get install {' '.join(missing)}")
    with (VAR / "sip-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make_database()
        before = os.environ["ANJU_DATABASE"]
        os.environ["ANJU_DATABASE"] = DATABASE
        configuration.AUTHORITIES = str(encrypted.certify(CARRIER))
        supervisor = Supervisor(print)
        try:
            for part in sip_parts.sip_parts():
                supervisor.start(part, 30)
            place.READY.touch()
            threading.Thread(target=supervisor.watch, daemon=True).start()
            yield supervisor
        finally:
            place.READY.unlink(missing_ok=True)
            supervisor.stop()
            os.environ["ANJU_DATABASE"] = before


@pytest.fixture(autouse=True)
def rows(server: Supervisor, django_db_blocker: Any) -> Iterator[None]:
    """Committed rows, in the server's database, in place of pytest-django's transactions."""
    settings = connection.settings_dict
    connections["default"].close()
    before, settings["NAME"] = settings["NAME"], DATABASE
    with django_db_blocker.unblock(), scope.request():
        yield
        connections["default"].close()
    settings["NAME"] = before


@pytest.fixture
def community(rows: None) -> Community:
    return factories.community()


@pytest.fixture
def gate(community: Community) -> Gate:
    return factories.gate(community)


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community, "1201")


@pytest.fixture
def resident(home: Home) -> Person:
    """Somebody who lives there and agrees to be rung."""
    who = factories.person(RUNG)
    factories.member(who, home, since=timezone.now() - timedelta(days=90))
    return who


@pytest.fixture
def pad(gate: Gate, tmp_path: Path) -> Iterator[Pad]:
    bus.run(bus.ensure_streams)
    made = Pad(gate, tmp_path)
    yield made
    made.close()


Register = Callable[..., Agent]


@pytest.fixture
def agent() -> Iterator[Register]:
    """agent(account): a device of these credentials; not yet registered."""
    made: list[Agent] = []

    def make(username: str, password: str) -> Agent:
        made.append(Agent(("127.0.0.1", outer("sip")), username, password))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def page(gate: Gate, agent: Register) -> Agent:
    """The SIP half of the gate's page."""
    told = devices.sip_for_gate(gate)
    return agent(told["uri"].removeprefix("sip:").partition("@")[0], told["password"])


def softphone(who: Person, home: Home) -> devices.Account:
    """A device of this resident."""
    with scope.person(who.pk):
        return devices.add(who, home.pk, "客厅")


def until(seen: Callable[[], bool], seconds: float = 6.0) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen():
            return True
        time.sleep(0.05)
    return False
