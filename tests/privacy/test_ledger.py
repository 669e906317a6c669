"""What was erased is noted outside the database, and erased again when a backup brings it back."""

from collections.abc import Callable
from typing import Any

import pytest

from anju.access.models import Face
from anju.access.purposes import FACE_OPENING
from anju.partners.purposes import ACCOUNT
from anju.people import actions as people
from anju.people.models import Person
from anju.privacy import consent, ledger, scope, tasks
from anju.privacy.models import Consent
from anju.privacy.vault import vault
from anju.rights import cancellation
from anju.site import restored
from tests import factories

Committed = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_ledger(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LEDGER", tmp_path / "ledger.jsonl")


def _noted() -> set[tuple[str, str]]:
    return {(entry.subject, entry.purpose) for entry in ledger.entries(ledger.LEDGER)}


def test_a_withdrawal_is_noted_once_it_holds(resident: Person, django_capture_on_commit_callbacks: Committed) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        consent.withdraw(resident.pk, FACE_OPENING)
    assert _noted() == {(str(resident.pk), "face_opening")}


def test_a_destroyed_key_is_noted(person: Person) -> None:
    vault().erase([person.pk])
    assert _noted() == {(str(person.pk), ledger.EVERYTHING)}


def test_what_a_crash_left_out_is_noted_later(resident: Person) -> None:
    consent.withdraw(resident.pk, FACE_OPENING)  # the test's transaction never commits: as after a crash
    assert _noted() == set()
    tasks.note_erasures(0)
    tasks.note_erasures(0)
    assert [entry.purpose for entry in ledger.entries(ledger.LEDGER)] == ["face_opening"]


def test_a_half_written_line_is_passed_over(person: Person) -> None:
    ledger.note([person.pk])
    with ledger.LEDGER.open("a") as file:
        file.write('{"subject": "01')
    assert _noted() == {(str(person.pk), ledger.EVERYTHING)}


def test_a_restored_person_is_forgotten_again(resident: Person, django_capture_on_commit_callbacks: Committed) -> None:
    ledger.note([resident.pk])
    with django_capture_on_commit_callbacks(execute=True):
        assert restored.forget_again() == (1, 0)
    assert not vault().knows(resident.pk)
    assert not consent.granted(resident.pk, ACCOUNT)


def test_a_restored_consent_is_taken_back_again(resident: Person) -> None:
    factories.face(resident)
    ledger.note([resident.pk], FACE_OPENING.code, act=factories.person().pk)
    assert restored.forget_again() == (0, 1)
    assert vault().knows(resident.pk)
    with scope.person(resident.pk):
        assert not Face.objects.filter(person=resident).exists()


def test_a_withdrawal_that_the_backup_knows_is_not_repeated(resident: Person) -> None:
    consent.withdraw(resident.pk, FACE_OPENING)
    act = Consent.objects.get(subject=resident.pk, action=Consent.Action.WITHDRAWN)
    factories.agree(resident, FACE_OPENING)
    ledger.note([resident.pk], FACE_OPENING.code, act.pk)
    assert restored.forget_again() == (0, 0)
    assert consent.granted(resident.pk, FACE_OPENING)


def test_a_key_that_a_crash_left_is_destroyed_later(person: Person) -> None:
    consent.withdraw(person.pk, ACCOUNT)
    assert vault().knows(person.pk)
    assert people.finish_closing() == 1
    assert not vault().knows(person.pk)
    assert cancellation.forget_closed() == 1
    assert not Person.objects.filter(pk=person.pk).exists()


def test_a_switched_off_account_keeps_its_key(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(is_active=False, phone_verified=False)
    assert people.finish_closing() == 0
    assert vault().knows(person.pk)
