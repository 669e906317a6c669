"""A withdrawal stands, whatever else happens in the same moment."""

from collections.abc import Iterator
from typing import Any

import pytest

from anju.access import actions, enrolment
from anju.access.models import Face, Gate, Grant, PhoneKey
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from tests import factories, racing
from tests.access.conftest import join


@pytest.fixture
def place(streams: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[Community]:
    with racing.committed(django_db_blocker):
        yield factories.community()


@pytest.fixture
def door(place: Community) -> Gate:
    return join(factories.gate(place))


def payload(person: Person) -> Any:
    return Grant.objects.get(person=person).payload


def test_a_face_withdrawn_while_a_phone_is_added_stays_withdrawn(place: Community, door: Gate) -> None:
    person = factories.resident(place)
    factories.face(person)
    actions.refresh(person.pk, place.pk)
    assert "face" in payload(person)["ways"]

    def withdraw() -> None:
        with scope.person(person.pk):
            consent.withdraw(person.pk, FACE_OPENING)

    def add_phone() -> None:
        with scope.person(person.pk):
            actions.add_key(person, factories.key()[1], "")

    assert racing.overtaken(withdraw, add_phone) is None
    assert payload(person)["ways"] == ["nearby", "qr", "remote"]
    assert payload(person)["face"] is None


def test_a_phone_added_while_phones_are_withdrawn_is_not_kept(place: Community, door: Gate) -> None:
    person = factories.resident(place)
    actions.refresh(person.pk, place.pk)

    def withdraw() -> None:
        with scope.person(person.pk):
            consent.withdraw(person.pk, GATE_OPENING)

    def add_phone() -> None:
        with scope.person(person.pk):
            actions.add_key(person, factories.key()[1], "")

    refused = racing.overtaken(withdraw, add_phone)
    assert isinstance(refused, Refused)
    assert refused.code == "consent_required"
    assert not PhoneKey.objects.filter(person=person).exists()
    assert Grant.objects.get(person=person).gone


def test_first_grants_made_twice_at_once_are_made_once(place: Community, door: Gate) -> None:
    person = factories.person(factories.EVERYTHING)
    factories.member(person, factories.home(place))

    def refresh() -> None:
        actions.refresh(person.pk, place.pk)

    assert racing.overtaken(refresh, refresh) is None
    assert payload(person)["ways"] == ["remote"]


def test_a_face_withdrawn_while_its_pictures_are_looked_at_is_not_kept(
    resident: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(image: bytes) -> enrolment.Verdict:
        if image == b"second":
            consent.withdraw(resident.pk, FACE_OPENING)
        return enrolment.Verdict([], None, None, factories.vectors(1)[0] * 0 + 0.1)

    monkeypatch.setattr(enrolment, "judge", judge)
    with scope.person(resident.pk):
        with pytest.raises(Refused, match="consent_required"):
            enrolment.enrol(resident, [b"first", b"second"])
        assert not Face.objects.filter(person=resident).exists()
