"""Gates of a community with two guards."""

import pytest

from anju.homes.models import Community, Duty
from anju.people.models import Person
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams


@pytest.fixture
def guard(community: Community) -> Person:
    return factories.staff(community, Duty.GUARD)


@pytest.fixture
def manager(community: Community) -> Person:
    return factories.staff(community, Duty.MANAGER)
