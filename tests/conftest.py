"""What every test may use. Each runs in a transaction on a real PostgreSQL, as the role that row-level security binds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope
from tests import factories, services
from tests.doors import Door


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> None:  # Any: pytest-django's own type
    """In place of pytest-django's: the app's role may not make databases."""
    with django_db_blocker.unblock():
        services.make_database()


@pytest.fixture(autouse=True)
def _nothing_in_sight() -> Iterator[None]:
    """No test inherits another's scope or another's counted tries."""
    with scope.request():
        yield


@pytest.fixture
def nobody(db: None) -> Iterator[Door]:
    """The API as somebody who is not signed in."""
    cache.clear()
    yield Door(Client())
    cache.clear()


@pytest.fixture
def community(db: None) -> Community:
    return factories.community()


@pytest.fixture
def person(db: None) -> Person:
    """Somebody with an account and nothing else."""
    return factories.person()


@pytest.fixture
def resident(community: Community) -> Person:
    """Somebody who lives in the community and agrees to everything."""
    return factories.resident(community)


@pytest.fixture(scope="session")
def faces() -> Path:
    """Photographs, one folder a person."""
    return factories.photographs()
