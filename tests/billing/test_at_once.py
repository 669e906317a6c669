"""Several cashiers and notifications take money in one community at the same moment, more than is owed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from anju.billing import cashier, taking
from anju.billing.models import Basis, Method
from anju.homes.models import Duty, Home
from anju.ledger import queries as ledger
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.site import postgres
from anju.vehicles import desk
from anju.vehicles.actions import ask_parking
from anju.vehicles.purposes import VEHICLES
from tests import factories
from tests.billing.conftest import as_, item
from tests.racing import overtaken
from tests.services import TEMPLATE

CASHIERS, EACH = 4, 15


@pytest.fixture
def own_database(django_db_blocker: Any) -> Iterator[None]:  # Any: pytest-django's own type
    """One whose rows are committed, and dropped with it: books are never emptied."""
    name, before = f"test_fees_{uuid4().hex[:8]}", connection.settings_dict["NAME"]
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as made, django_db_blocker.unblock():
        made.execute(f'create database "{name}" template {TEMPLATE} owner {postgres.OWNER}')
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            made.execute(f'drop database "{name}" with (force)')


def test_they_do_not_wait_for_each_other_in_a_circle(own_database: None) -> None:
    with scope.platform():
        community = factories.community()
        homes = [factories.home(community, f"{number}01") for number in range(1, CASHIERS + 1)]
        staff = [factories.staff(community, Duty.CASHIER) for _ in homes]

    def client(who: Person, home: Home) -> None:
        try:
            with scope.request():
                as_(who, cashier.open_shift, community.pk, 0)
                for number in range(EACH):
                    as_(who, cashier.receive, home, 1_00, Method.POS, [], str(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(CASHIERS) as clients:
        list(clients.map(client, staff, homes))
    assert sum(one.posted for one in ledger.trial_balance() if one.kind == "fees_ahead") == CASHIERS * EACH * 1_00
    assert ledger.problems() == []


def test_who_refuses_what_is_being_paid_is_asked_to_wait(own_database: None) -> None:
    with scope.platform():
        community = factories.community()
        home, driver = factories.home(community, "1201"), factories.person((factories.HOME_CERTIFICATION, VEHICLES))
        factories.member(driver, home, since=timezone.now() - timedelta(days=90))
        keeper = factories.staff(community, Duty.MANAGER)
    item(community, Basis.FIXED, "300", name="月租停车", parking=True)
    with scope.person(driver.pk):
        request = ask_parking(driver, home=home.pk, months=1)

    def hold() -> None:
        with scope.platform():
            assert taking.locked(home.pk)

    refused = overtaken(hold, lambda: as_(keeper, desk.decide, request, confirm=False))
    assert isinstance(refused, Refused) and refused.code == "being_paid"
