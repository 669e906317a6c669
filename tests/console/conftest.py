"""The console as members of staff see it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from anju.console.middleware import ENTERED
from anju.homes.models import Community, Duty
from anju.people.models import Person
from tests import factories


class Desk:
    """One person at the console, signed in with a second factor unless told otherwise."""

    def __init__(self, person: Person, *, proven: bool = True) -> None:
        self.person = person
        self.client = Client()
        self.client.force_login(person)
        if proven:
            session = self.client.session
            session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
            session["account_authentication_methods_user"] = str(person.pk)
            session[ENTERED] = True
            session.save()

    def get(self, path: str, **options: Any) -> HttpResponse:
        return self.client.get(f"/console/{path}", **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> HttpResponse:
        return self.client.post(f"/console/{path}", data or {}, **options)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()


@pytest.fixture
def desk(community: Community) -> Callable[..., Desk]:
    """A desk for somebody who holds these duties in the community."""
    return lambda *duties: Desk(factories.staff(community, *duties))


@pytest.fixture
def reviewer(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.REVIEWER))


@pytest.fixture
def guard(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.GUARD))


@pytest.fixture
def manager(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.MANAGER))


@pytest.fixture
def operator(db: None) -> Desk:
    return Desk(factories.person(is_staff=True, is_superuser=True))


@pytest.fixture
def elsewhere(db: None) -> Community:
    """A community that none of these people has to do with."""
    return factories.community()
