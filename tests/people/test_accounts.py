"""Signing up, signing in, and what keeps others out."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.homes.models import Community, Member
from anju.notices.models import Notice
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.partners.purposes import ACCOUNT
from anju.people import tasks as people_tasks
from anju.people.models import PHONE, Person
from anju.privacy import consent, retention, scope
from anju.privacy.vault import vault
from anju.site.demo import code_now
from tests import factories
from tests.doors import Answer, Door

AUTH = "/_allauth/browser/v1"
PASSWORD = "correct horse 9"


def sign_up(door: Door, phone: str, version: int | None = ACCOUNT.version) -> Answer:
    body: dict[str, Any] = {"phone": phone}
    return door.post(f"{AUTH}/auth/signup", body | ({"account_version": version} if version else {}))


def code_sent() -> str:
    """The code in the newest text message."""
    text = OutboxMessage.objects.latest("id").text.open()
    found = re.search(r"\d{6}", text)
    assert found, text
    return found[0]


def verify(door: Door, code: str) -> Answer:
    return door.post(f"{AUTH}/auth/phone/verify", {"code": code})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_phone_and_the_code_sent_to_it_make_an_account(nobody: Door) -> None:
    phone = factories.phone()
    assert sign_up(nobody, phone).status == 401  # a code is awaited
    assert verify(nobody, code_sent()).status == 200
    me = nobody.get("/me").body
    assert me["phone"] == f"****{phone[-4:]}"
    assert not me["has_password"]
    assert consent.granted(me_id(nobody), ACCOUNT)


def me_id(door: Door) -> Any:
    from uuid import UUID

    return UUID(door.get("/me").body["id"])


def test_without_agreeing_there_is_no_account(nobody: Door) -> None:
    answer = sign_up(nobody, factories.phone(), version=None)
    assert answer.status == 400
    assert answer.body["errors"][0]["param"] == "account_version"
    assert not Person.objects.exists()


def test_agreeing_to_an_outdated_text_asks_to_read_it_again(nobody: Door) -> None:
    assert sign_up(nobody, factories.phone(), version=ACCOUNT.version + 1).status == 400


def test_a_wrong_code_is_refused_and_the_right_one_still_works(nobody: Door) -> None:
    sign_up(nobody, factories.phone())
    code = code_sent()
    answer = verify(nobody, wrong(code))
    assert answer.status == 400
    assert answer.body["errors"][0]["param"] == "code"
    assert verify(nobody, code).status == 200


def test_a_code_cannot_be_guessed(nobody: Door) -> None:
    sign_up(nobody, factories.phone())
    code = code_sent()
    for _ in range(5):
        verify(nobody, wrong(code))
    assert verify(nobody, code).status != 200
    assert nobody.get("/me").status == 401


def test_an_expired_code_is_refused(nobody: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    sign_up(nobody, factories.phone())
    code = code_sent()
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    assert verify(nobody, code).status != 200


def test_asking_for_codes_again_and_again_is_answered_with_wait(nobody: Door) -> None:
    phone = factories.phone()
    sign_up(nobody, phone)
    answer = sign_up(Door(Client()), phone)
    assert answer.status == 429
    assert answer.body["errors"][0]["message"] == "操作太频繁，请过一分钟再试。"


def test_a_number_that_is_no_phone_is_refused_in_the_callers_language(nobody: Door) -> None:
    answer = sign_up(nobody, "+8612345678")
    assert answer.status == 400
    assert answer.body["errors"][0]["message"] == "手机号格式不对，请核对后重新输入。"


def test_signing_up_with_a_known_phone_looks_the_same_from_outside(nobody: Door) -> None:
    known = factories.phone()
    factories.person(phone=known)
    stranger = sign_up(Door(Client()), factories.phone())
    again = sign_up(nobody, known)
    assert (again.status, again.body["data"]["flows"]) == (stranger.status, stranger.body["data"]["flows"])
    text = OutboxMessage.objects.latest("id").text.open()
    assert "已经注册过" in text


def test_asking_for_a_code_looks_the_same_for_a_known_and_an_unknown_phone(nobody: Door) -> None:
    known = factories.phone()
    factories.person(phone=known)
    answers = [Door(Client()).post(f"{AUTH}/auth/code/request", {"phone": one}) for one in (known, factories.phone())]
    assert answers[0].status == answers[1].status == 401
    assert answers[0].body["data"]["flows"] == answers[1].body["data"]["flows"]


def test_a_person_signs_in_with_a_code(nobody: Door) -> None:
    phone = factories.phone()
    person = factories.person(phone=phone)
    nobody.post(f"{AUTH}/auth/code/request", {"phone": phone})
    assert nobody.post(f"{AUTH}/auth/code/confirm", {"code": code_sent()}).status == 200
    assert nobody.get("/me").body["id"] == str(person.pk)


def test_a_wrong_password_says_no_more_than_an_unknown_phone(nobody: Door) -> None:
    phone = factories.phone()
    factories.person(phone=phone, password=PASSWORD)
    wrong_password = nobody.post(f"{AUTH}/auth/login", {"phone": phone, "password": "not this one"})
    unknown = nobody.post(f"{AUTH}/auth/login", {"phone": factories.phone(), "password": "not this one"})
    assert wrong_password.status == unknown.status == 400
    assert wrong_password.body == unknown.body


def test_after_many_wrong_passwords_even_the_right_one_waits(nobody: Door) -> None:
    phone = factories.phone()
    factories.person(phone=phone, password=PASSWORD)
    for _ in range(10):
        nobody.post(f"{AUTH}/auth/login", {"phone": phone, "password": "not this one"})
    answer = nobody.post(f"{AUTH}/auth/login", {"phone": phone, "password": PASSWORD})
    assert answer.status in (400, 429)
    assert nobody.get("/me").status == 401


def test_a_second_factor_is_asked_for_once_it_is_set_up(nobody: Door) -> None:
    phone = factories.phone()
    person = factories.person(phone=phone, password=PASSWORD)
    secret = factories.second_factor(person)
    first = nobody.post(f"{AUTH}/auth/login", {"phone": phone, "password": PASSWORD})
    assert first.status == 401
    assert nobody.get("/me").status == 401
    code = code_now(secret)
    assert nobody.post(f"{AUTH}/auth/2fa/authenticate", {"code": wrong(code)}).status == 400
    assert nobody.post(f"{AUTH}/auth/2fa/authenticate", {"code": code}).status == 200
    assert nobody.get("/me").status == 200


def test_a_sign_in_from_a_new_browser_is_announced(nobody: Door) -> None:
    phone = factories.phone()
    person = factories.person(phone=phone)
    for _ in range(2):
        browser = Door(Client())
        browser.post(f"{AUTH}/auth/code/request", {"phone": phone})
        browser.post(f"{AUTH}/auth/code/confirm", {"code": code_sent()})
    with scope.person(person.pk):
        kinds = list(Notice.objects.filter(person=person).values_list("kind", flat=True))
    assert kinds == [Notice.Kind.SECURITY]  # the first browser was nobody's news


def test_sessions_can_be_listed_and_ended_from_elsewhere(nobody: Door) -> None:
    phone = factories.phone()
    factories.person(phone=phone)
    doors = [Door(Client()), nobody]
    for door in doors:
        door.post(f"{AUTH}/auth/code/request", {"phone": phone})
        door.post(f"{AUTH}/auth/code/confirm", {"code": code_sent()})
    sessions = nobody.get(f"{AUTH}/auth/sessions").body["data"]
    assert len(sessions) == 2
    other = next(one["id"] for one in sessions if not one["is_current"])
    nobody.delete(f"{AUTH}/auth/sessions", {"sessions": [other]})
    assert doors[0].get("/me").status == 401
    assert nobody.get("/me").status == 200


def test_a_sessions_address_is_kept_without_its_last_part(nobody: Door) -> None:
    phone = factories.phone()
    factories.person(phone=phone)
    nobody.post(f"{AUTH}/auth/code/request", {"phone": phone})
    nobody.post(f"{AUTH}/auth/code/confirm", {"code": code_sent()})
    assert nobody.get(f"{AUTH}/auth/sessions").body["data"][0]["ip"] == "127.0.0.0"


def test_the_database_holds_nothing_a_phone_could_be_found_by(nobody: Door) -> None:
    phone = factories.phone()
    person = factories.person(phone=phone)
    assert vault().find(PHONE, phone) == person.pk
    raw = Person.objects.filter(pk=person.pk).values_list("phone", flat=True)[0]
    assert phone.encode() not in bytes(raw)


def test_old_messages_of_the_outbox_go_after_a_day(nobody: Door) -> None:
    sign_up(nobody, factories.phone())
    OutboxMessage.objects.update(at=timezone.now() - timedelta(hours=25))
    assert retention.expire()["partners.OutboxMessage"] == 1
    assert not OutboxMessage.objects.exists()


def test_what_was_sealed_for_a_number_that_is_nobodys_becomes_unreadable(nobody: Door) -> None:
    for _ in range(2):
        nobody.post(f"{AUTH}/auth/code/request", {"phone": factories.phone()})
    keys = set(OutboxMessage.objects.values_list("subject", flat=True))
    assert len(keys) == 1  # asking for strange numbers makes no keys without end
    sms.forget_passing(timezone.now().date() + timedelta(days=2))
    assert vault().knows(*keys)
    sms.forget_passing(timezone.now().date() + timedelta(days=3))
    assert not vault().knows(*keys)


def test_a_sign_up_that_nobody_finished_is_forgotten(nobody: Door) -> None:
    sign_up(nobody, factories.phone())
    unfinished = Person.objects.get()
    finished = factories.person()
    people_tasks.tidy(0)
    assert Person.objects.count() == 2
    Person.objects.update(joined=timezone.now() - timedelta(hours=25))
    people_tasks.tidy(0)
    assert Person.objects.get() == finished
    assert not vault().knows(unfinished.pk)


def test_taking_back_the_account_closes_it_for_good(
    nobody: Door, community: Community, django_capture_on_commit_callbacks: Any
) -> None:
    phone = factories.phone()
    person = factories.person(factories.EVERYTHING, phone=phone, password=PASSWORD, nickname="小安")
    factories.member(person, factories.home(community))
    nobody.post(f"{AUTH}/auth/login", {"phone": phone, "password": PASSWORD})
    assert nobody.get("/me").status == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert nobody.delete(f"/consents/{ACCOUNT.code}").code == "use_cancellation"  # it asks for a proof first
        consent.withdraw(person.pk, ACCOUNT)
    assert nobody.get("/me").status == 401
    row = Person.objects.get(pk=person.pk)
    assert (row.is_active, row.phone, row.nickname, row.has_usable_password()) == (False, None, None, False)
    assert vault().find(PHONE, phone) is None
    assert not vault().knows(person.pk)
    with scope.platform():
        assert not Member.objects.filter(person=person).exists()
    again = Door(Client())
    sign_up(again, phone)  # the number is free
    assert verify(again, code_sent()).status == 200


def test_a_token_of_a_closed_account_opens_nothing(nobody: Door, person: Person) -> None:
    client = Client()
    client.force_login(person)
    token = {"X-Session-Token": client.session.session_key or ""}
    assert Client().get("/api/v1/me", headers=token).status_code == 200
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert Client().get("/api/v1/me", headers=token).status_code == 401


def test_a_number_in_the_index_leads_only_to_whom_the_row_says(nobody: Door) -> None:
    phone, person = factories.phone(), factories.person()
    vault().claim(PHONE, phone, person.pk)  # a claim whose transaction was rolled back
    sign_up(nobody, phone)
    assert verify(nobody, code_sent()).status == 200
    assert nobody.get("/me").body["id"] != str(person.pk)


def test_a_nickname_may_be_chosen_and_not_be_a_novel(person: Person) -> None:
    door = Door.of(person)
    assert door.patch("/me", {"nickname": "小安"}).body["nickname"] == "小安"
    assert door.patch("/me", {"nickname": "长" * 21}).code == "nickname_length"
    assert door.get("/me").body["nickname"] == "小安"
