"""Gates as the platform knows them, on the real bus."""

import pytest

from anju.access import actions, tasks
from anju.access.models import Gate
from anju.bus import client as bus
from anju.homes.models import Community
from anju.privacy import scope
from tests import factories


@pytest.fixture(scope="session")
def streams() -> None:
    """The two durable streams."""
    bus.run(bus.ensure_streams)


def join(gate: Gate) -> Gate:
    """A device becomes this gate."""
    with scope.platform():
        code = actions.make_code(gate, staff=None)
    actions.register(code, nkey=factories.nkey(), box_key=factories.box_key(), version="test")
    tasks.grant_everybody(str(gate.community_id))
    with scope.platform():
        return Gate.objects.get(pk=gate.pk)


@pytest.fixture
def gate(streams: None, community: Community) -> Gate:
    """A gate that a device has joined."""
    return join(factories.gate(community))
