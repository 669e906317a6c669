"""A provider on loopback, and a resident whose home has accounts."""

from collections.abc import Iterator

import pytest

from anju.homes.models import Community, Home
from anju.partners import utility_bills
from anju.partners.purposes import PAYING, UTILITIES
from anju.people.models import Person
from tests import factories
from tests.payments.conftest import institution as institution
from tests.payments.conftest import running as running
from tests.peers import utilities as peers
from tests.peers.utilities import Due, Provider

NUMBER = "3102045678"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with peers.running(tmp_path_factory.mktemp("utilities")) as its:
        yield its


@pytest.fixture
def provider(serving: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One with a contract, that behaves. The account owes for two months."""
    for name, text in serving.environment.items():
        monkeypatch.setenv(name, text)
    serving.faults = peers.Faults()
    serving.orders.clear()
    serving.asked.clear()
    serving.owed = {("SHDL", NUMBER): [Due("202609", 8_850), Due("202610", 10_230, 130)], ("SHCTWATER", "778899"): []}
    utility_bills._client.cache_clear()
    return serving


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community, "1201")


@pytest.fixture
def resident(home: Home) -> Person:
    who = factories.person((PAYING, UTILITIES))
    factories.member(who, home)
    return who
