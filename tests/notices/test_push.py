"""A browser whose page is closed is woken: by its own service, sealed, without a name, and only with consent."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.grants import encoding
from anju.notices import actions, push, tasks
from anju.notices.models import Notice, PushSubscription
from anju.partners import push_services, web_push
from anju.partners.purposes import ACCOUNT
from anju.partners.push_services import PUSH
from anju.people.models import Person
from anju.privacy import consent, gateway, scope
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from tests import factories
from tests.doors import Door
from tests.notices.push_service import Browser, PushService, running

NAMES = ("王小明", "13912345678", "1栋1单元101")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    with running() as service:
        monkeypatch.setenv("ANJU_PUSH_HOSTS", service.host)
        service.key = web_push.public_key()
        yield service


@pytest.fixture
def agreed(person: Person) -> Person:
    factories.agree(person, PUSH)
    return person


def subscribed(person: Person, service: PushService) -> tuple[Door, Browser]:
    door, browser = Door.of(person), service.browser()
    answer = door.post("/push", browser.json())
    assert answer.status == 201, answer.body
    return door, browser


def call(person: Person, **facts: Any) -> int:  # Any: what `wake` takes
    known = {"kind": "call", "title": "安居", "body": "有人在门口呼叫", "tag": "call-1", "path": "/calls/1"}
    return push.wake(person.pk, **{**known, "seconds": 30, "urgent": True, **facts})


def work() -> list[dict[str, Any]]:
    """Do every waiting delivery, as the worker would. Returns the jobs that came of it: those put off."""
    jobs = list(ProcrastinateJob.objects.filter(task_name="notices.deliver", status="todo"))
    for job in jobs:
        with scope.request():
            tasks.deliver(**job.args)
    ProcrastinateJob.objects.filter(pk__in=[job.pk for job in jobs]).update(status="succeeded")
    later = ProcrastinateJob.objects.filter(task_name="notices.deliver", status="todo")
    return list(later.values("queue_name", "scheduled_at", "args"))


def count(person: Person) -> int:
    with scope.platform():
        return PushSubscription.objects.filter(person=person).count()


# --- the envelope -----------------------------------------------------------------------------------------------------


def test_a_message_is_sealed_as_the_standards_own_example_is() -> None:
    """RFC 8291, section 5 and appendix A."""
    own = encoding.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    keys = web_push.Keys(
        encoding.decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        encoding.decode("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    message = b"When I grow up, I want to be a watermelon"
    sealed = web_push.seal(
        message,
        keys,
        size=len(message),
        sender=ec.derive_private_key(int.from_bytes(own), ec.SECP256R1()),
        salt=encoding.decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoding.encode(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_every_message_has_the_same_length() -> None:
    browser = Browser("")
    keys = web_push.Keys(browser.point, browser.auth)
    assert len({len(web_push.seal(text, keys)) for text in (b"{}", b"x" * 900)}) == 1
    with pytest.raises(ValueError, match="too long"):
        web_push.seal(b"x" * 1025, keys)


# --- being woken ------------------------------------------------------------------------------------------------------


def test_a_call_wakes_every_browser_of_the_person(agreed: Person, service: PushService) -> None:
    browsers = [subscribed(agreed, service)[1] for _ in range(2)]
    assert call(agreed) == 2
    assert set(ProcrastinateJob.objects.filter(status="todo").values_list("queue_name", flat=True)) == {"calls"}
    assert work() == []
    by_path = {one.path: one for one in service.got}
    for browser in browsers:
        pushed = by_path[browser.endpoint.removeprefix(f"http://{service.host}")]
        message = browser.read(pushed.body)
        assert (message["kind"], message["tag"], message["path"]) == ("call", "call-1", "/calls/1")
        assert 0 < int(pushed.headers["TTL"]) <= 30
        assert pushed.headers["Urgency"] == "high"
        assert pushed.headers["Content-Encoding"] == "aes128gcm"
        assert len(pushed.headers["Topic"]) == 32
        assert time.time() < pushed.vapid["exp"] <= time.time() + 24 * 3600


def test_only_the_browser_it_is_for_can_read_it(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    call(agreed)
    work()
    with pytest.raises(InvalidTag):
        service.browser().read(service.got[0].body)


def test_a_notice_wakes_without_a_word_of_what_it_says(agreed: Person, service: PushService) -> None:
    _, browser = subscribed(agreed, service)
    actions.tell(agreed, Notice.Kind.HOME, NAMES[0], "，".join(NAMES))
    assert work() == []
    (pushed,) = service.got
    message = browser.read(pushed.body)
    assert (message["body"], message["path"]) == ("您有一条新通知", "/notices")
    assert pushed.headers["Urgency"] == "normal"
    for seen in (str(message), *ProcrastinateJob.objects.values_list("args", flat=True)):
        assert not [name for name in NAMES if name in str(seen)]


def test_a_notice_wakes_in_the_persons_language(agreed: Person, service: PushService) -> None:
    Person.objects.filter(pk=agreed.pk).update(language="en")
    agreed.refresh_from_db()
    _, browser = subscribed(agreed, service)
    with translation.override("zh-hans"):
        actions.tell(agreed, Notice.Kind.HOME, "标题", "内容")
    work()
    assert browser.read(service.got[0].body)["body"] == "You have a new notice"


def test_each_sending_is_on_the_record_without_a_value(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    call(agreed)
    work()
    row = Sharing.objects.get(subject=agreed.pk)
    assert (row.recipient, row.purpose, row.fields) == ("push_own", "push", ["address", "message"])
    assert row.result == Sharing.Result.SENT


def test_a_call_that_is_over_rings_nobody(
    agreed: Person, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(agreed, service)
    call(agreed)
    later = time.time() + 31
    monkeypatch.setattr(time, "time", lambda: later)
    assert work() == []
    assert service.got == []


@pytest.mark.parametrize("path", ["//elsewhere.example", "https://elsewhere.example", ""])
def test_a_tap_leads_nowhere_but_into_the_app(person: Person, path: str) -> None:
    with pytest.raises(ValueError, match="not a push message"):
        call(person, path=path)


# --- consent, and the end of it ---------------------------------------------------------------------------------------


def test_nobody_subscribes_without_consent(person: Person, service: PushService) -> None:
    answer = Door.of(person).post("/push", service.browser().json())
    assert (answer.code, answer.body["purpose"]) == ("consent_required", "push")


def test_whoever_takes_the_consent_back_is_forgotten_and_left_alone(agreed: Person, service: PushService) -> None:
    door, _ = subscribed(agreed, service)
    call(agreed)  # already waiting when the consent goes
    assert door.delete("/consents/push").status == 200
    assert count(agreed) == 0
    assert call(agreed) == 0
    work()
    assert service.got == []


def test_a_restricted_purpose_sends_nothing_and_keeps_the_browser(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    call(agreed)
    consent.restrict(agreed.pk, PUSH)
    assert call(agreed) == 0
    assert work() == []
    assert service.got == []
    assert Sharing.objects.get(subject=agreed.pk).result == Sharing.Result.REFUSED
    assert count(agreed) == 1


def test_signing_out_ends_it_for_that_browser_alone(agreed: Person, service: PushService) -> None:
    door, _ = subscribed(agreed, service)
    _, other = subscribed(agreed, service)
    door.client.logout()
    assert call(agreed) == 1
    work()
    assert other.read(service.got[0].body)["kind"] == "call"


def test_a_sign_in_that_is_ended_from_elsewhere_ends_it(agreed: Person, service: PushService) -> None:
    from allauth.usersessions.models import UserSession

    door, _ = subscribed(agreed, service)
    session = door.client.session.session_key
    UserSession.objects.create(user=agreed, session_key=session, ip="203.0.113.0", user_agent="Chrome · Android").end()
    assert count(agreed) == 0


def test_a_new_password_ends_it_everywhere(nobody: Door, service: PushService) -> None:
    old, new, phone = "wandelt-7-enten", "wandelt-8-gaense", factories.phone()
    person = factories.person((PUSH,), phone=phone, password=old)
    subscribed(person, service)
    assert nobody.post("/_allauth/browser/v1/auth/login", {"phone": phone, "password": old}).status == 200
    change = {"current_password": old, "new_password": new}
    assert nobody.post("/_allauth/browser/v1/account/password/change", change).status == 200
    assert count(person) == 0


def test_a_closed_account_is_not_woken(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    call(agreed)
    consent.withdraw(agreed.pk, ACCOUNT)
    work()
    assert (count(agreed), service.got) == (0, [])


# --- services ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.elsewhere.example/abc",
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com.elsewhere.example/abc",
        "https://fcm.googleapis.com@elsewhere.example/abc",
        "https://user@fcm.googleapis.com/abc",
        "https://elsewhere.example\\@fcm.googleapis.com/abc",
        "https://evilnotify.windows.com/abc",
        "https://notify.windows.com/abc",
        "https://127.0.0.1/abc",
        "https://fcm.googleapis.com:x/abc",
        "ftp://fcm.googleapis.com/abc",
        "",
    ],
)
def test_an_address_of_nobodys_we_know_is_refused(agreed: Person, service: PushService, endpoint: str) -> None:
    browser = Browser(endpoint)
    assert Door.of(agreed).post("/push", browser.json()).code == "unknown_push_service"
    values = {"address": endpoint, "message": "{}"}
    for recipient in push_services.SERVICES:
        with pytest.raises(Refused, match="undeclared_address"):
            gateway.share(recipient, agreed.pk, values, lambda *_: pytest.fail("it was sent"), at=endpoint)


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:def", "push_google"),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", "push_mozilla"),
        ("https://web.push.apple.com/abc", "push_apple"),
        ("https://wns2-by3p.notify.windows.com/w/?token=abc", "push_microsoft"),
    ],
)
def test_a_browsers_maker_is_known_by_its_hosts(agreed: Person, endpoint: str, code: str) -> None:
    service = push_services.service_of(endpoint)
    assert service is not None and service.code == code
    assert Door.of(agreed).post("/push", Browser(endpoint).json()).status == 201


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(agreed: Person, service: PushService, status: int) -> None:
    subscribed(agreed, service)
    service.answers = status
    call(agreed)
    assert work() == []
    assert count(agreed) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_says(agreed: Person, service: PushService, status: int) -> None:
    _, browser = subscribed(agreed, service)
    service.answers, service.after = status, 7
    call(agreed)
    began = time.time()
    (later,) = work()
    assert later["queue_name"] == "calls"
    assert 6 <= later["scheduled_at"].timestamp() - began <= 9
    assert [one.result for one in Sharing.objects.filter(subject=agreed.pk).order_by("id")] == ["sent", "failed"]
    service.answers = 201
    assert work() == []
    assert browser.read(service.got[0].body)["kind"] == "call"


def test_a_call_is_not_put_off_beyond_its_time(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    service.answers, service.after = 503, 60
    call(agreed)
    assert work() == []


def test_a_service_that_is_away_is_given_up_after_a_few_tries(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    service.answers = 500
    actions.tell(agreed, Notice.Kind.HOME, "标题", "内容")
    for _ in range(tasks.TRIES - 1):
        assert len(work()) == 1
    assert work() == []
    assert count(agreed) == 1


def test_a_service_that_cannot_be_reached_is_asked_again(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    service.shutdown()
    service.server_close()
    call(agreed)
    assert len(work()) == 1


def test_a_service_that_is_cut_off_is_left_alone_for_a_moment(
    agreed: Person, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs on it would keep other people's calls waiting."""
    subscribed(agreed, service)
    service.shutdown()
    service.server_close()
    for _ in range(3):
        call(agreed)
    work()
    tried: list[object] = []
    monkeypatch.setattr(push_services.httpx, "post", lambda *_args, **_options: tried.append(1))
    call(agreed)
    work()
    assert tried == []
    later = time.monotonic() + push_services.PAUSE
    monkeypatch.setattr(time, "monotonic", lambda: later)
    call(agreed)
    with pytest.raises(AttributeError):  # nothing answers, but it was asked
        work()
    assert tried == [1]


def test_what_a_service_refuses_is_not_tried_again(agreed: Person, service: PushService) -> None:
    subscribed(agreed, service)
    service.key = "another"
    call(agreed)
    assert work() == []
    assert (service.got, count(agreed)) == ([], 1)


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_person_sees_and_ends_their_own_browsers(agreed: Person, service: PushService) -> None:
    door, browser = subscribed(agreed, service)
    other = factories.person((PUSH,))
    stranger, _ = subscribed(other, service)
    state = door.get("/push").body
    assert state["agreed"] is True
    assert len(encoding.decode(state["public_key"])) == 65
    (one,) = state["subscriptions"]
    assert one["here"] is True
    assert browser.endpoint not in str(state)
    assert stranger.delete(f"/push/{one['id']}").code == "unknown_subscription"
    assert door.delete(f"/push/{one['id']}").status == 204
    assert door.get("/push").body["subscriptions"] == []


def test_a_browser_that_subscribes_again_stands_there_once(agreed: Person, service: PushService) -> None:
    door, browser = subscribed(agreed, service)
    assert door.post("/push", browser.json()).status == 201  # another key of the same session
    assert Door.of(agreed).post("/push", browser.json()).status == 201  # the same browser, signed in anew
    assert count(agreed) == 1


def test_the_oldest_browser_makes_room(agreed: Person, service: PushService) -> None:
    doors = [subscribed(agreed, service)[0] for _ in range(push.MOST + 1)]
    assert count(agreed) == push.MOST
    assert not any(one["here"] for one in doors[0].get("/push").body["subscriptions"])
    assert any(one["here"] for one in doors[-1].get("/push").body["subscriptions"])


@pytest.mark.parametrize("broken", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "!"}])
def test_keys_that_are_none_are_refused(agreed: Person, service: PushService, broken: dict[str, str]) -> None:
    new = service.browser().json()
    new["keys"] |= broken
    assert Door.of(agreed).post("/push", new).code == "bad_push_keys"


def test_nobody_in_particular_has_no_browsers(nobody: Door) -> None:
    assert nobody.get("/push").status == 401
    assert nobody.post("/push", {}).status == 401
