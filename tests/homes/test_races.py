"""An application decided while the applicant takes it back, or takes back their consent."""

from collections.abc import Iterator
from typing import Any

import pytest

from anju.homes import actions
from anju.homes.models import Application, Community, Duty, Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from tests import factories, racing


@pytest.fixture
def place(django_db_setup: None, django_db_blocker: Any) -> Iterator[Community]:
    with racing.committed(django_db_blocker):
        yield factories.community()


@pytest.fixture
def reviewer(place: Community) -> Person:
    return factories.staff(place, Duty.REVIEWER)


def approve(application: Application, reviewer: Person) -> None:
    with scope.person(reviewer.pk, [application.community_id]):
        actions.decide(application, staff=reviewer, approve=True, reason="")


def test_what_is_approved_cannot_be_taken_back_a_moment_later(place: Community, reviewer: Person) -> None:
    application = factories.application(place)

    def take_back() -> None:
        with scope.person(application.person_id):
            actions.withdraw(application)

    refused = racing.overtaken(lambda: approve(application, reviewer), take_back)
    assert isinstance(refused, Refused)
    assert refused.code == "already_decided"
    assert Application.objects.get(pk=application.pk).state == Application.State.APPROVED


def test_nobody_is_let_in_on_a_consent_that_is_being_withdrawn(place: Community, reviewer: Person) -> None:
    application = factories.application(place)

    def withdraw() -> None:
        with scope.person(application.person_id):
            consent.withdraw(application.person_id, HOME_CERTIFICATION)

    refused = racing.overtaken(withdraw, lambda: approve(application, reviewer))
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_application"
    assert not Member.objects.filter(person=application.person_id).exists()


def test_a_withdrawal_right_behind_an_approval_ends_the_membership(place: Community, reviewer: Person) -> None:
    application = factories.application(place)

    def withdraw() -> None:
        with scope.person(application.person_id):
            consent.withdraw(application.person_id, HOME_CERTIFICATION)

    assert racing.overtaken(lambda: approve(application, reviewer), withdraw) is None
    assert not Member.objects.filter(person=application.person_id).exists()
    assert not Application.objects.filter(person=application.person_id).exists()


def test_nobody_decides_on_their_own_application(community: Community) -> None:
    reviewer = factories.staff(community, Duty.REVIEWER, agrees=(HOME_CERTIFICATION,))
    application = factories.application(community, who=reviewer)
    with pytest.raises(Refused, match="own_application"):
        approve(application, reviewer)
