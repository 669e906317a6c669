"""Consent through the API: read before signing up, given purpose by purpose, taken back at any time, provable for ever."""

import pytest

from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes.purposes import HOME_CERTIFICATION
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import consent
from anju.privacy.models import Consent, new_id
from anju.privacy.refusals import Refused
from tests import factories
from tests.doors import Door


def states(door: Door) -> dict[str, str]:
    return {one["code"]: one["state"] for one in door.get("/purposes").body}


def test_everybody_may_read_the_purposes_and_what_each_collects(nobody: Door) -> None:
    purposes = {one["code"]: one for one in nobody.get("/purposes").body}
    assert not purposes[ACCOUNT.code]["optional"]
    assert purposes[FACE_OPENING.code]["separate"]
    assert "人脸特征" in [datum["title"] for datum in purposes[FACE_OPENING.code]["data"]]
    for purpose in purposes.values():
        assert purpose["text"]
        assert purpose["stops"], purpose["code"]
        assert purpose["data"], purpose["code"]


def test_agreeing_and_taking_back_are_acts_that_stay(person: Person) -> None:
    door = Door.of(person)
    assert (
        door.post("/consents", {"purpose": "home_certification", "version": HOME_CERTIFICATION.version}).status == 201
    )
    assert states(door)["home_certification"] == "granted"
    assert door.delete("/consents/home_certification").status == 200
    assert states(door)["home_certification"] == "withdrawn"
    acts = [(act["purpose"], act["action"]) for act in door.get("/consents").body]
    assert acts[:2] == [("home_certification", "withdrawn"), ("home_certification", "granted")]


def test_agreeing_to_what_was_not_on_the_screen_is_refused(person: Person) -> None:
    answer = Door.of(person).post("/consents", {"purpose": "home_certification", "version": 99})
    assert (answer.status, answer.code) == (409, "text_changed")
    assert not Consent.objects.filter(subject=person.pk, purpose="home_certification").exists()


def test_a_purpose_that_needs_another_waits_for_it(person: Person) -> None:
    answer = Door.of(person).post("/consents", {"purpose": FACE_OPENING.code, "version": FACE_OPENING.version})
    assert answer.code == "consent_required"
    assert answer.body["purpose"] == HOME_CERTIFICATION.code


def test_taking_back_what_others_need_takes_them_back_as_well_and_only_them(person: Person) -> None:
    factories.agree(person, *factories.EVERYTHING)
    door = Door.of(person)
    stopped = door.delete(f"/consents/{HOME_CERTIFICATION.code}").body["stopped"]
    assert any("人脸" in one for one in stopped)
    after = states(door)
    assert {after[code] for code in ("home_certification", "gate_opening", "face_opening")} == {"withdrawn"}
    assert after["account"] == "granted"


def test_taking_back_one_leaves_its_neighbour(person: Person) -> None:
    factories.agree(person, *factories.EVERYTHING)
    door = Door.of(person)
    door.delete(f"/consents/{FACE_OPENING.code}")
    assert states(door)[GATE_OPENING.code] == "granted"


def test_an_older_agreement_is_asked_again(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    object.__setattr__(HOME_CERTIFICATION, "version", HOME_CERTIFICATION.version + 1)
    try:
        assert states(Door.of(person))["home_certification"] == "stale"
        with pytest.raises(Refused, match="consent_required"):
            consent.require(person.pk, HOME_CERTIFICATION)
    finally:
        object.__setattr__(HOME_CERTIFICATION, "version", HOME_CERTIFICATION.version - 1)


def test_an_unknown_purpose_is_named_as_such(person: Person) -> None:
    assert Door.of(person).delete("/consents/everything").code == "unknown_purpose"


@pytest.mark.parametrize(
    "path", ["/me", "/consents", "/homes", "/applications", "/gates", "/entries", "/keys", "/face", "/notices"]
)
def test_nobody_reads_personal_things_without_signing_in(nobody: Door, path: str) -> None:
    answer = nobody.get(path)
    assert (answer.status, answer.code) == (401, "sign_in")


def test_a_write_from_another_site_is_refused(person: Person) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    answer = client.post(
        "/api/v1/consents", {"purpose": "home_certification", "version": 1}, content_type="application/json",
        headers={"Origin": "https://elsewhere.example"},
    )  # fmt: skip
    assert answer.status_code == 403


def test_a_clock_set_back_does_not_bury_a_withdrawal(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = new_id()
    factories.agree(person, HOME_CERTIFICATION)
    monkeypatch.setattr(consent, "new_id", lambda: earlier)
    Door.of(person).delete(f"/consents/{HOME_CERTIFICATION.code}")
    assert not consent.granted(person.pk, HOME_CERTIFICATION)


def test_lifting_a_restriction_agrees_to_nothing_that_was_not_shown(person: Person) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    consent.restrict(person.pk, HOME_CERTIFICATION)
    object.__setattr__(HOME_CERTIFICATION, "version", HOME_CERTIFICATION.version + 1)
    try:
        with pytest.raises(Refused, match="text_changed"):
            consent.lift(person.pk, HOME_CERTIFICATION)
        assert not consent.granted(person.pk, HOME_CERTIFICATION)
    finally:
        object.__setattr__(HOME_CERTIFICATION, "version", HOME_CERTIFICATION.version - 1)
