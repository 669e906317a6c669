"""Under fourteen a guardian decides, from their own account; everybody else is refused and leaves no trace."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from anju.access.models import Face
from anju.access.purposes import FACE_OPENING
from anju.homes.purposes import HOME_CERTIFICATION
from anju.notices.models import Notice
from anju.partners.purposes import ACCOUNT
from anju.people import guardians
from anju.people import tasks as people_tasks
from anju.people.models import PHONE, Child, Guardianship, Person
from anju.people.purposes import CHILD
from anju.privacy import consent, scope
from anju.privacy.models import Consent
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from tests import factories
from tests.doors import Answer, Door

BORN = timezone.localdate() - timedelta(days=365 * 8)
VERSIONS = {ACCOUNT.code: ACCOUNT.version, CHILD.code: CHILD.version}


def add(door: Door, born: date = BORN, **changes: Any) -> Answer:
    return door.post("/children", {"name": "王小安", "birth_date": born.isoformat(), "versions": VERSIONS, **changes})


def agree(door: Door, child: str, purpose: Any = HOME_CERTIFICATION) -> Answer:
    return door.post(f"/children/{child}/consents", {"purpose": purpose.code, "version": purpose.version})


def acts(child: str) -> int:
    return Consent.objects.filter(subject=child).count()


@pytest.fixture
def door(person: Person) -> Door:
    return Door.of(person)


@pytest.fixture
def child(door: Door) -> str:
    return str(add(door).body["id"])


@pytest.fixture
def grown(child: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The child on their fourteenth birthday."""
    day = BORN.replace(year=BORN.year + 14) if (BORN.month, BORN.day) != (2, 29) else date(BORN.year + 14, 3, 1)
    monkeypatch.setattr(guardians.timezone, "localdate", lambda: day)
    yield child


def test_a_guardian_adds_a_child_and_decides_purpose_by_purpose(door: Door, child: str) -> None:
    (mine,) = door.get("/children").body
    assert (mine["name"], mine["birth_date"], mine["young"]) == ("王小安", BORN.isoformat(), True)
    states = {one["code"]: one["state"] for one in door.get(f"/children/{child}/purposes").body}
    assert (states["child"], states["account"], states["face_opening"]) == ("granted", "granted", "none")
    assert agree(door, child).status == 201
    assert agree(door, child, FACE_OPENING).status == 201
    assert consent.granted(UUID(child), FACE_OPENING)
    assert door.delete(f"/children/{child}/consents/{FACE_OPENING.code}").status == 200
    assert not consent.granted(UUID(child), FACE_OPENING)
    history = door.get(f"/children/{child}/consents").body
    assert [one["action"] for one in history][:2] == ["withdrawn", "granted"]


def test_what_a_guardian_takes_back_is_erased_though_only_the_child_sees_it(door: Door, child: str) -> None:
    agree(door, child)
    agree(door, child, FACE_OPENING)
    factories.face(Person.objects.get(pk=child))
    door.delete(f"/children/{child}/consents/{FACE_OPENING.code}")
    with scope.platform():
        assert not Face.objects.filter(person=child).exists()


def test_the_record_says_who_decided(person: Person, door: Door, child: str) -> None:
    agree(door, child)
    assert set(Consent.objects.filter(subject=child).values_list("actor", flat=True)) == {person.pk}


def test_name_and_birth_date_are_readable_only_with_the_childs_key(child: str) -> None:
    raw = Child.objects.filter(pk=child).values_list("name", "birth_date")[0]
    assert "王小安".encode() not in bytes(raw[0])
    assert BORN.isoformat().encode() not in bytes(raw[1])


def test_a_child_has_neither_phone_nor_password(child: str) -> None:
    row = Person.objects.get(pk=child)
    assert (row.phone, row.has_usable_password()) == (None, False)


def test_the_child_itself_is_refused_and_nothing_is_stored(door: Door, child: str) -> None:
    before = acts(child)
    own = Door.of(Person.objects.get(pk=child))
    body = {"purpose": HOME_CERTIFICATION.code, "version": HOME_CERTIFICATION.version}
    assert own.post("/consents", body).code == "guardian_decides"
    assert own.delete("/consents/child").code == "guardian_decides"
    assert acts(child) == before


def test_an_invalid_grant_does_not_replace_the_guardians(door: Door, child: str) -> None:
    agree(door, child)
    stranger = factories.person()
    assert agree(Door.of(stranger), child).code == "unknown_child"
    for who in (stranger.pk, UUID(child)):
        with pytest.raises(Refused):
            consent.grant(UUID(child), HOME_CERTIFICATION, version=HOME_CERTIFICATION.version, actor=who)
    last = Consent.objects.filter(subject=child, purpose=HOME_CERTIFICATION.code).latest("id")
    assert last.actor not in (stranger.pk, UUID(child))
    assert consent.granted(UUID(child), HOME_CERTIFICATION)


@pytest.mark.parametrize("path", ["purposes", "consents"])
def test_a_stranger_sees_nothing_of_a_child(child: str, path: str) -> None:
    assert Door.of(factories.person()).get(f"/children/{child}/{path}").code == "unknown_child"


def test_nobody_agrees_for_an_adult(person: Person) -> None:
    with pytest.raises(Refused, match="not_the_guardian"):
        consent.grant(
            person.pk, HOME_CERTIFICATION, version=HOME_CERTIFICATION.version, actor=factories.person().pk
        )  # fmt: skip


def test_grown_ups_are_not_asked_about_being_a_child(door: Door) -> None:
    assert CHILD.code not in {one["code"] for one in door.get("/purposes").body}
    assert door.post("/consents", {"purpose": CHILD.code, "version": CHILD.version}).code == "for_children"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "王"}, "name_form"),
        ({"birth_date": (BORN - timedelta(days=366 * 7)).isoformat()}, "not_a_child"),
        ({"birth_date": (timezone.localdate() + timedelta(days=2)).isoformat()}, "not_a_child"),
        ({"versions": {}}, "text_changed"),
        ({"versions": {**VERSIONS, "child": 99}}, "text_changed"),
    ],
)
def test_what_cannot_be_a_child_is_refused(door: Door, changes: dict[str, Any], code: str) -> None:
    assert add(door, **changes).code == code
    assert not Child.objects.exists()
    assert Person.objects.count() == 1


def test_a_second_guardian_confirms_from_their_own_account(door: Door, child: str) -> None:
    phone = factories.phone()
    other = Door.of(second := factories.person(phone=phone, nickname="爸爸"))
    answer = door.post(f"/children/{child}/guardians", {"phone": phone})
    assert answer.status == 201
    assert answer.body["guardians"][-1]["phone"] == f"****{phone[-4:]}"
    assert agree(other, child).code == "unknown_child"  # invited is not confirmed
    assert Notice.objects.filter(person=second).exists() or other.get("/notices").body["items"]
    (invitation,) = other.get("/guardianships").body
    assert invitation["child"] == "王**"
    assert door.post(f"/guardianships/{invitation['guardianship']}/confirm").code == "unknown_invitation"
    assert other.post(f"/guardianships/{invitation['guardianship']}/confirm").status == 204
    assert agree(other, child).status == 201
    assert door.get("/children").body[0]["guardians"][-1]["name"] == "爸爸"


def test_an_invitation_does_not_tell_who_has_an_account(door: Door, child: str) -> None:
    known, unknown = factories.phone(), factories.phone()
    factories.person(phone=known)
    answers = [door.post(f"/children/{child}/guardians", {"phone": one}) for one in (known, unknown)]
    first, second = (answer.body["guardians"][-1] for answer in answers)
    assert {**first, "guardianship": 0, "phone": 0} == {**second, "guardianship": 0, "phone": 0}
    again = [door.post(f"/children/{child}/guardians", {"phone": one}).code for one in (known, unknown)]
    assert again == ["invited_already", "invited_already"]


def test_an_invitation_lapses_and_its_number_is_forgotten(door: Door, child: str) -> None:
    phone = factories.phone()
    other = Door.of(factories.person(phone=phone))
    door.post(f"/children/{child}/guardians", {"phone": phone})
    (invitation,) = other.get("/guardianships").body
    Guardianship.objects.filter(phone__isnull=False).update(since=timezone.now() - timedelta(days=8))
    assert other.post(f"/guardianships/{invitation['guardianship']}/confirm").code == "unknown_invitation"
    people_tasks.tidy(0)
    assert not Guardianship.objects.filter(phone__isnull=False).exists()


def test_after_ending_a_guardianship_nothing_can_be_decided(door: Door, child: str) -> None:
    phone = factories.phone()
    other = Door.of(second := factories.person(phone=phone))
    door.post(f"/children/{child}/guardians", {"phone": phone})
    (invitation,) = other.get("/guardianships").body
    other.post(f"/guardianships/{invitation['guardianship']}/confirm")
    agree(other, child)
    assert other.delete(f"/guardianships/{invitation['guardianship']}").status == 204
    before = acts(child)
    assert agree(other, child).code == "unknown_child"
    with pytest.raises(Refused, match="not_the_guardian"):
        consent.grant(UUID(child), FACE_OPENING, version=FACE_OPENING.version, actor=second.pk)
    assert acts(child) == before
    assert consent.granted(UUID(child), HOME_CERTIFICATION)  # there is another guardian: what was agreed to stands


def test_with_the_last_guardian_everything_of_the_child_goes(
    door: Door, child: str, django_capture_on_commit_callbacks: Any
) -> None:
    agree(door, child)
    mine = door.get("/children").body[0]["guardianship"]
    with django_capture_on_commit_callbacks(execute=True):
        assert door.delete(f"/guardianships/{mine}").status == 204
    assert door.get("/children").body == []
    assert not Child.objects.filter(pk=child).exists()
    assert not vault().knows(UUID(child))
    assert not consent.granted(UUID(child), ACCOUNT)


@pytest.mark.parametrize("purpose", [CHILD, ACCOUNT])
def test_taking_back_the_childs_profile_erases_the_child(
    door: Door, child: str, purpose: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert door.delete(f"/children/{child}/consents/{purpose.code}").status == 200
    assert not Child.objects.filter(pk=child).exists()
    assert not vault().knows(UUID(child))
    assert door.get(f"/children/{child}/purposes").code == "unknown_child"


def test_a_guardian_who_closes_their_account_leaves_no_child_behind(person: Person, door: Door, child: str) -> None:
    assert door.delete("/consents/account").code == "use_cancellation"
    consent.withdraw(person.pk, ACCOUNT)
    assert not Child.objects.filter(pk=child).exists()


def test_a_child_is_no_unfinished_sign_up(child: str) -> None:
    Person.objects.filter(pk=child).update(joined=timezone.now() - timedelta(days=3))
    people_tasks.tidy(0)
    assert Person.objects.filter(pk=child).exists()


def test_at_fourteen_the_guardians_consents_no_longer_count(door: Door, child: str, grown: str) -> None:
    subject = UUID(child)
    assert not consent.granted(subject, ACCOUNT)
    assert {one.state for one in consent.standings(subject) if one.since} == {consent.ConsentState.STALE}
    assert agree(door, child).code == "grown_up"
    assert not door.get("/children").body[0]["young"]


def test_on_the_day_before_they_still_do(child: str, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(BORN.year + 14, BORN.month, min(BORN.day, 28)) - timedelta(days=1)
    monkeypatch.setattr(guardians.timezone, "localdate", lambda: day)
    assert consent.granted(UUID(child), ACCOUNT)


def test_somebody_who_has_turned_fourteen_gets_an_account_and_decides_themselves(
    door: Door, child: str, grown: str, django_capture_on_commit_callbacks: Any
) -> None:
    phone = factories.phone()
    with django_capture_on_commit_callbacks(execute=True):
        assert door.post(f"/children/{child}/account", {"phone": phone}).status == 204
    assert vault().find(PHONE, phone) == UUID(child)
    assert door.get("/children").body == []
    own = Door.of(Person.objects.get(pk=child))
    states = {one["code"]: one["state"] for one in own.get("/purposes").body}
    assert states["account"] == "stale"
    assert own.post("/consents", {"purpose": "account", "version": ACCOUNT.version}).status == 201
    assert consent.granted(UUID(child), ACCOUNT)


def test_before_fourteen_there_is_no_account(door: Door, child: str) -> None:
    assert door.post(f"/children/{child}/account", {"phone": factories.phone()}).code == "too_young"
