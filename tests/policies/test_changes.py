"""A change that matters is found by what it does, announced ahead, and asked about anew: that purpose and no other."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes.purposes import HOME_CERTIFICATION
from anju.notices.models import Notice
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.policies import actions, tasks, terms
from anju.policies.models import Controller, Version
from anju.privacy import consent
from anju.privacy.declarations import Category, Retention
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.purposes import Basis
from anju.site.cli import docs
from tests import factories
from tests.doors import Door


@contextmanager
def changed(what: Any, **facts: Any) -> Iterator[None]:
    """The code as it would be with other facts in this declaration."""
    before = {name: getattr(what, name) for name in facts}
    for name, value in facts.items():
        object.__setattr__(what, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(what, name, value)


def field(model: str, name: str) -> Any:
    from django.apps import apps

    return apps.get_model(model)._meta.get_field(name)


@pytest.fixture(autouse=True)
def _published(db: None) -> None:
    actions.publish()


def before() -> dict[str, Any]:
    return terms.declared(settings.CONTROLLER)


MATERIAL = {
    "text": lambda: changed(FACE_OPENING, text="人脸还用来考勤。"),
    "version": lambda: changed(FACE_OPENING, version=FACE_OPENING.version + 1),
    "basis": lambda: changed(FACE_OPENING, basis=Basis.LAW),
    "necessary": lambda: changed(FACE_OPENING, optional=False),
    "longer": lambda: changed(field("access.Face", "vectors"), retention=Retention.ACCOUNT),
    "required": lambda: changed(field("homes.Member", "name"), required=True),
    "category": lambda: changed(field("access.Face", "vectors"), category=Category.NAME),
    "another purpose": lambda: changed(field("access.Face", "vectors"), purpose=GATE_OPENING),
}


@pytest.mark.parametrize("kind", MATERIAL)
def test_what_matters_to_people_is_material(kind: str) -> None:
    old = before()
    with MATERIAL[kind]():
        assert any(one.material for one in terms.compare(old, before()))


def test_keeping_something_for_less_long_is_not() -> None:
    old = before()
    with changed(field("people.Person", "nickname"), retention=Retention.ONE_DAY):
        changes = terms.compare(old, before())
    assert changes
    assert not any(one.material for one in changes)


def test_a_new_recipient_is_material_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    old = before()
    sms = RECIPIENTS["sms"]
    other = replace(sms, code="billboard") if "billboard" not in RECIPIENTS else RECIPIENTS["billboard"]
    try:
        (change,) = terms.compare(old, before())
    finally:
        del RECIPIENTS["billboard"]
    assert change.material
    assert str(other.title) in change.words


def test_changing_what_people_agreed_to_without_asking_them_fails_the_build() -> None:
    committed = json.loads(docs.TERMS.read_text())
    with changed(FACE_OPENING, text="人脸还用来考勤。"):
        assert terms.unraised(committed, before()) == [FACE_OPENING.code]
        with changed(FACE_OPENING, version=FACE_OPENING.version + 1):
            assert terms.unraised(committed, before()) == []


def test_every_change_since_the_committed_terms_is_asked_about() -> None:
    committed = json.loads(docs.TERMS.read_text())
    assert not terms.unraised(committed, before()), "raise Purpose.version, then ./anju docs policy"


def test_a_material_change_is_announced_and_told_to_everybody_in_their_language() -> None:
    chinese, english = factories.person(), factories.person(language="en")
    factories.agree(chinese, *factories.EVERYTHING)
    door = Door.of(chinese)
    old = door.get("/policies").body["version"]["number"]
    with changed(FACE_OPENING, text="人脸还用来考勤。", version=FACE_OPENING.version + 1):
        version = actions.publish()
        assert version is not None
        announced = door.get("/policies").body["announced"]
        assert announced["purposes"] == [FACE_OPENING.code]
        assert any("人脸开门" in one["words"] for one in announced["changes"])
        states = {one["code"]: one["state"] for one in door.get("/purposes").body}
        assert (states[FACE_OPENING.code], states[GATE_OPENING.code]) == ("stale", "granted")
    waits = timezone.now() + settings.POLICY_NOTICE - version.effective_at
    assert abs(waits) < timedelta(minutes=1)
    for _again in range(2):  # a batch that was cut short runs again
        tasks.tell(version.number)
    titles = {}
    for person in (chinese, english):
        (notice,) = (one for one in Door.of(person).get("/notices").body["items"] if one["kind"] == Notice.Kind.POLICY)
        titles[person.language] = notice["title"]
    assert titles == {"zh-hans": "隐私政策更新", "en": "Privacy policy update"}
    changes = door.get("/policies/changes", old=old, new=version.number).body
    (policy,) = (one for one in changes["lines"] if one["name"] == "policy")
    assert "+人脸还用来考勤。" in policy["lines"]


def test_everybody_is_reached_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [factories.person() for _ in range(5)]
    monkeypatch.setattr(tasks, "BATCH", 2)
    deferred: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.tell, "defer", lambda **arguments: deferred.append(arguments))
    with changed(FACE_OPENING, version=FACE_OPENING.version + 1):
        actions.publish()
    while deferred:
        tasks.tell(**deferred.pop())
    for person in people:
        kinds = [one["kind"] for one in Door.of(person).get("/notices").body["items"]]
        assert kinds == [Notice.Kind.POLICY]


def test_other_words_for_the_same_terms_are_published_without_ceremony() -> None:
    with changed(FACE_OPENING, stops=("换一种说法",)):
        version = actions.publish()
    assert version is not None
    assert not version.material
    assert version.effective_at == version.published_at
    assert not version.purposes


def test_an_older_version_stays_readable(nobody: Door) -> None:
    old = nobody.get("/policies").body["version"]["number"]
    with changed(FACE_OPENING, text="人脸还用来考勤。", version=FACE_OPENING.version + 1):
        actions.publish()
        new = str(nobody.get("/policies/policy").body)
        before = str(nobody.get("/policies/policy", version=old).body)
    assert "考勤" in new
    assert "考勤" not in before


def test_a_published_version_cannot_be_changed(db: None) -> None:
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError), transaction.atomic():
        Version.objects.update(material=False)


def test_under_a_new_controller_everybody_is_asked_anew(person: Person) -> None:
    factories.agree(person, *factories.EVERYTHING)
    assert consent.granted(person.pk, FACE_OPENING)
    Controller.objects.create(name="新安物业", since=timezone.now())
    assert not consent.granted(person.pk, FACE_OPENING)
    door = Door.of(person)
    assert {one["state"] for one in door.get("/purposes").body if one["code"] in ("account", "face_opening")} == {
        "stale"
    }
    for purpose in (ACCOUNT, HOME_CERTIFICATION, FACE_OPENING):
        assert door.post("/consents", {"purpose": purpose.code, "version": purpose.version}).status == 201
    assert consent.granted(person.pk, FACE_OPENING)


def test_a_handover_is_announced_by_name_and_not_before_its_day(person: Person, nobody: Door) -> None:
    since = timezone.now() + settings.POLICY_NOTICE + timedelta(days=3)
    call_command("new_controller", "新安物业", since=since)
    assert consent.granted(person.pk, ACCOUNT)
    body = nobody.get("/policies").body
    assert body["controller"] == settings.CONTROLLER  # until then
    assert "新安物业" in str(nobody.get("/policies/policy").body)
    assert body["announced"]["version"]["material"]
    assert "新安物业" in body["announced"]["changes"][0]["words"]
    assert Version.objects.latest("number").effective_at == since


def test_a_handover_overnight_is_refused() -> None:
    with pytest.raises(CommandError, match="5 天"):
        call_command("new_controller", "新安物业", since=timezone.now() + timedelta(days=1))


def test_asking_for_consent_stays_one_query(person: Person, django_assert_num_queries: Any) -> None:
    factories.agree(person, *factories.EVERYTHING)
    Controller.objects.create(name="新安物业", since=timezone.now() - timedelta(days=1))
    with django_assert_num_queries(1):
        assert consent.agreeing({person.pk}, FACE_OPENING) == {person.pk}
