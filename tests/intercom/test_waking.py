"""A phone whose app is closed is woken for a call and hears how it ended, by a real push service, without a name."""

from collections.abc import Iterator

import pytest

from anju.intercom.models import Ring, RingState, Via
from anju.partners import web_push
from anju.partners.push_services import PUSH
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import Pad
from tests.notices.push_service import Browser, PushService, running
from tests.notices.test_push import work

Family = tuple[Person, Person]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    with running() as service:
        monkeypatch.setenv("ANJU_PUSH_HOSTS", service.host)
        service.key = web_push.public_key()
        yield service


def phone_of(person: Person, service: PushService) -> Browser:
    factories.agree(person, PUSH)
    browser = service.browser()
    assert Door.of(person).post("/push", browser.json()).status == 201
    return browser


def test_a_closed_app_is_woken_and_told_when_another_answers(pad: Pad, family: Family, service: PushService) -> None:
    browser = phone_of(family[0], service)
    call = pad.dial("1-1-1201")["call"]
    with scope.platform():
        [ring] = Ring.objects.filter(call=call, via=Via.PUSH)
    assert (ring.person_id, ring.state) == (family[0].pk, RingState.SENT)
    work()
    assert Door.of(family[1]).post(f"/calls/{call}/accept").status == 200
    work()
    rung, over = (browser.read(one.body) for one in service.got)
    assert (rung["kind"], rung["title"], over["kind"], over["body"]) == ("call", "门口有人呼叫", "over", "已接听")
    assert rung["tag"] == over["tag"]
    for secret in ("1201", "东门"):
        assert secret not in str((rung, over))


def test_whoever_wants_to_be_left_alone_is_not_woken(pad: Pad, family: Family, service: PushService) -> None:
    phone_of(family[0], service)
    Door.of(family[0]).client.put(
        "/api/v1/calls/quiet", '{"off": true, "since": null, "until": null}', "application/json"
    )
    pad.dial("1-1-1201")
    work()
    assert service.got == []
