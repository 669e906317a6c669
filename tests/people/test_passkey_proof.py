"""Proving by a passkey that it is oneself, before what cannot be undone, and what proves nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from anju.people import recheck
from anju.people.models import Person
from tests import factories
from tests.doors import Answer, Door
from tests.people.authenticator import AUTH, Passkey, challenged, passkey_of
from tests.rights.conftest import code_sent_to

PASSWORD = "correct horse 9"


@dataclass
class Owner:
    """Somebody with a passkey, at their own door."""

    person: Person
    passkey: Passkey
    door: Door

    def prove(self, credential: dict[str, Any] | None = None) -> Answer:
        """By the passkey, or with what somebody else made of it."""
        return self.door.post(
            "/rights/proof/passkey", {"credential": credential or self.passkey.sign(challenged(self.door))}
        )

    @property
    def proven(self) -> bool:
        answer = self.door.get("/rights/export.json")
        return answer.status == 200 or answer.code != "proof_required"


@pytest.fixture
def owner(db: None) -> Iterator[Owner]:
    cache.clear()
    person = factories.person()
    yield Owner(person, passkey_of(person), Door.of(person))
    cache.clear()


def test_a_passkey_proves_it_without_a_text_message(owner: Owner) -> None:
    assert not owner.proven
    options = challenged(owner.door)
    assert options["userVerification"] == "required"
    assert [one["id"] for one in options["allowCredentials"]] == [owner.passkey.name]
    assert owner.prove(owner.passkey.sign(options)).status == 204
    assert owner.proven


def test_it_holds_for_ten_minutes(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.prove()
    later = time.time() + recheck.HOLDS + 1
    monkeypatch.setattr(recheck.time, "time", lambda: later)
    assert not owner.proven


def test_a_device_that_did_not_ask_who_it_is_proves_nothing(owner: Owner) -> None:
    owner.passkey.verifies = False
    assert owner.prove().code == "passkey_wrong"
    assert not owner.proven


def test_another_persons_passkey_proves_nothing(owner: Owner) -> None:
    other = passkey_of(factories.person())
    assert owner.prove(other.sign(challenged(owner.door))).code == "passkey_wrong"
    pretending = Passkey(handle=owner.passkey.handle, owner=owner.passkey.owner)
    assert owner.prove(pretending.sign(challenged(owner.door))).code == "passkey_wrong"
    assert not owner.proven


def test_an_answer_is_good_once_and_only_for_whom_it_was_asked(owner: Owner) -> None:
    said = owner.passkey.sign(challenged(owner.door))
    elsewhere = Owner(owner.person, owner.passkey, Door.of(owner.person))
    assert elsewhere.prove(said).code == "challenge_expired"
    challenged(elsewhere.door)
    assert elsewhere.prove(said).code == "passkey_wrong"
    assert not elsewhere.proven
    assert owner.prove(said).status == 204
    assert owner.prove(said).code == "challenge_expired"


def test_a_challenge_is_good_for_one_try_and_gives_way_to_the_next(owner: Owner) -> None:
    first = challenged(owner.door)
    assert owner.prove(Passkey().sign(first)).code == "passkey_wrong"
    assert owner.prove(owner.passkey.sign(first)).code == "challenge_expired"
    old, _new = challenged(owner.door), challenged(owner.door)
    assert owner.prove(owner.passkey.sign(old)).code == "passkey_wrong"
    assert not owner.proven


def test_a_stale_challenge_proves_nothing(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    said = owner.passkey.sign(challenged(owner.door))
    later = time.time() + recheck.LASTS + 1
    monkeypatch.setattr(recheck.time, "time", lambda: later)
    assert owner.prove(said).code == "challenge_expired"
    assert not owner.proven


def test_a_challenge_for_signing_in_or_for_another_site_is_none_for_this(owner: Owner) -> None:
    signing_in = Door(Client()).get(f"{AUTH}/auth/webauthn/login").body["data"]["request_options"]["publicKey"]
    challenged(owner.door)
    assert owner.prove(owner.passkey.sign(signing_in)).code == "passkey_wrong"
    again = owner.door.get(f"{AUTH}/auth/webauthn/reauthenticate").body["data"]["request_options"]["publicKey"]
    assert owner.prove(owner.passkey.sign(again)).code == "challenge_expired"
    owner.passkey.site = "anju.example"
    assert owner.prove().code == "passkey_wrong"
    assert not owner.proven


def test_whoever_fails_again_and_again_has_to_wait_as_at_signing_in(owner: Owner) -> None:
    assert [owner.prove(Passkey().sign(challenged(owner.door))).code for _ in range(5)] == ["passkey_wrong"] * 5
    assert owner.prove().code == "too_many"
    assert not owner.proven


def test_whoever_has_none_is_asked_for_the_code(db: None) -> None:
    door = Door.of(factories.person())
    assert door.post("/rights/proof/passkey/challenge").code == "no_passkey"
    assert door.post("/rights/proof/passkey", {"credential": {}}).code == "challenge_expired"


def test_one_that_was_removed_proves_nothing_any_more(owner: Owner) -> None:
    said = owner.passkey.sign(challenged(owner.door))
    Authenticator.objects.all().delete()
    assert owner.prove(said).code == "passkey_wrong"


@pytest.mark.parametrize(
    "junk",
    [
        {"id": "AA"},
        {
            "id": "AA",
            "rawId": "AA",
            "response": {"authenticatorData": "A" * 60, "clientDataJSON": "e30", "signature": ""},
        },
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {"id": "AA", "rawId": "AA", "response": {"authenticatorData": "AA", "clientDataJSON": "AA", "signature": "AA"}},
        {"id": 1, "rawId": None, "response": []},
        {"id": "AA", "rawId": "AA", "response": {"authenticatorData": "", "clientDataJSON": "e30", "signature": ""}},
    ],
)
def test_what_is_no_answer_is_refused_in_words(owner: Owner, junk: dict[str, Any]) -> None:
    challenged(owner.door)
    assert owner.prove(junk).code == "passkey_wrong"


@pytest.mark.parametrize("by", ["code", "passkey"])
def test_the_proof_of_whose_browser_it_is_serves_no_program_of_somebody_else(owner: Owner, by: str) -> None:
    """A token says who calls; the cookie that comes with it may be of another person's session."""
    thief = factories.person()
    door = Door.of(thief)
    assert owner.person.phone is not None
    owner.person.set_password(PASSWORD)
    owner.person.save()
    asked = {"phone": owner.person.phone.open(), "password": PASSWORD}
    Authenticator.objects.filter(user=owner.person).delete()
    program = Door(Client()).post("/_allauth/app/v1/auth/login", asked).body
    pretending = {"X-Session-Token": program["meta"]["session_token"]}
    if by == "code":
        door.post("/rights/proof/code")
        assert door.post("/rights/proof", {"code": code_sent_to(thief)}).status == 204
    else:
        mine = Owner(thief, passkey_of(thief), door)
        assert mine.prove().status == 204
    taken = door.client.get("/api/v1/rights/export.json", headers=pretending)
    assert taken.status_code == 403 and taken.json()["code"] == "proof_required"
