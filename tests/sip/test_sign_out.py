"""Who has a new password has no softphone left, who signs out none that was added there; and each that is added is told: it may have been somebody else."""

import pytest
from allauth.account.signals import password_changed, password_reset, password_set
from django.core.cache import cache
from django.dispatch import Signal
from django.test import Client, RequestFactory

from anju.homes.models import Home
from anju.notices import push
from anju.notices.models import PushSubscription
from anju.partners.push_services import PUSH
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.sip import devices, kamailio
from anju.sip.models import Kind, SipDevice
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import RUNG
from tests.notices.push_service import PushService
from tests.sip.conftest import Register, softphone
from tests.sip.test_sleeping import count, woken_by

OLD, NEW = "wandelt-7-enten", "wandelt-8-gaense"


def told(who: Person) -> list[tuple[str, str]]:
    """Of what kind, and what: the newest first."""
    return [(one["kind"], one["title"]) for one in Door.of(who).get("/notices").body["items"]]


def new_password(how: Signal, who: Person) -> None:
    """What allauth says once it holds."""
    request = RequestFactory().post("/")
    request.user, request.session = who, Door.of(who).client.session
    how.send(sender=Person, request=request, user=who)


def change_password(phone: str) -> None:
    cache.clear()
    owner = Door(Client())
    assert owner.post("/_allauth/browser/v1/auth/login", {"phone": phone, "password": OLD}).status == 200
    change = {"current_password": OLD, "new_password": NEW}
    assert owner.post("/_allauth/browser/v1/account/password/change", change).status == 200


def test_a_new_password_ends_softphones_that_are_registered_or_asleep(
    home: Home, agent: Register, push_service: PushService
) -> None:
    phone = factories.phone()
    owner = factories.person((*RUNG, PUSH), phone=phone, password=OLD)
    factories.member(owner, home)
    foreign = softphone(owner, home)
    device = agent(foreign.device.username, foreign.password)
    device.contact = woken_by(push_service)
    assert device.register() == 200
    assert count(owner) == 1
    change_password(phone)
    assert not kamailio.contacts(foreign.device.username)
    assert device.register() == 401
    assert count(owner) == 0
    owner.refresh_from_db()
    assert told(owner)[0] == ("security", "软电话已移除")
    with scope.platform():
        gone = AuditEntry.objects.filter(subject=owner.pk, reason="sip_removed")
        assert [one.target_id for one in gone] == [str(foreign.device.pk)]


@pytest.mark.parametrize("how", [password_changed, password_reset, password_set])
def test_nobody_elses_device_ends(resident: Person, home: Home, how: Signal) -> None:
    softphone(resident, home)
    neighbour = factories.person(RUNG)
    factories.member(neighbour, home)
    kept = softphone(neighbour, home)
    station = devices.install(factories.person(), home)
    new_password(how, resident)
    with scope.platform():
        left = set(SipDevice.objects.filter(home=home).values_list("username", flat=True))
    assert left == {kept.device.username, station.device.username}
    assert told(neighbour) == [("security", "新增软电话")]


@pytest.mark.parametrize("how", [password_changed, password_reset, password_set])
def test_who_has_no_softphone_hears_of_none(resident: Person, how: Signal) -> None:
    new_password(how, resident)
    assert told(resident) == []


def test_what_is_woken_and_is_no_browser_ends_with_its_own_account_alone(
    resident: Person, push_service: PushService
) -> None:
    factories.agree(resident, PUSH)
    with scope.person(resident.pk):
        push.subscribe(resident, "a-device", endpoint=f"http://{push_service.host}/push/one", keys=None, label="SIP")
    new_password(password_changed, resident)
    with scope.platform():
        assert PushSubscription.objects.filter(person=resident, session=push.mark_of("a-device")).exists()


def test_who_owns_the_account_hears_of_a_new_softphone(resident: Person, home: Home) -> None:
    answer = Door.of(resident).post("/sip/devices", {"home": str(home.pk), "label": "书房"})
    assert answer.status == 201
    assert told(resident) == [("security", "新增软电话")]


def signed_in(phone: str) -> Door:
    """On a browser of its own."""
    cache.clear()
    door = Door(Client())
    assert door.post("/_allauth/browser/v1/auth/login", {"phone": phone, "password": OLD}).status == 200
    return door


def sign_out(door: Door) -> None:
    """allauth answers that nobody is signed in."""
    assert door.client.delete("/_allauth/browser/v1/auth/session").status_code == 401


def added_by(door: Door, home: Home) -> str:
    """The name of a softphone that is added on this browser."""
    answer = door.post("/sip/devices", {"home": str(home.pk), "label": "书房"})
    assert answer.status == 201
    return str(answer.body["username"])


@pytest.fixture
def phone(home: Home) -> str:
    """The number of somebody who lives there and may be rung."""
    number = factories.phone()
    factories.member(factories.person(RUNG, phone=number, password=OLD), home)
    return number


def names() -> set[str]:
    with scope.platform():
        return set(SipDevice.objects.filter(kind=Kind.SOFTPHONE).values_list("username", flat=True))


def test_signing_out_ends_what_was_added_on_that_browser_at_once_and_nothing_else(
    phone: str, home: Home, agent: Register
) -> None:
    here, elsewhere = signed_in(phone), signed_in(phone)
    kept = added_by(elsewhere, home)
    mine = here.post("/sip/devices", {"home": str(home.pk), "label": "书房"}).body
    device = agent(mine["username"], mine["password"])
    assert device.register() == 200
    sign_out(here)
    assert device.register() == 401
    assert not kamailio.contacts(mine["username"])
    assert {kept, mine["username"]} & names() == {kept}
    assert elsewhere.get("/notices").body["items"][0]["title"] == "软电话已移除"


def test_a_later_sign_in_on_the_same_browser_ends_it_too(phone: str, home: Home) -> None:
    door = signed_in(phone)
    mine = added_by(door, home)
    door.client.session.flush()  # as when it runs out: nobody has signed out
    assert mine in names()
    assert door.post("/_allauth/browser/v1/auth/login", {"phone": phone, "password": OLD}).status == 200
    sign_out(door)
    assert mine not in names()


def test_a_browser_that_is_signed_out_from_elsewhere_leaves_no_softphone(phone: str, home: Home) -> None:
    lost, here = signed_in(phone), signed_in(phone)
    gone, kept = added_by(lost, home), added_by(here, home)
    sessions = here.get("/_allauth/browser/v1/auth/sessions").body["data"]
    [other] = [one["id"] for one in sessions if not one["is_current"]]
    here.delete("/_allauth/browser/v1/auth/sessions", {"sessions": [other]})
    assert {gone, kept} & names() == {kept}


def test_a_program_that_signs_out_leaves_no_softphone(phone: str, home: Home) -> None:
    """A token says who calls, and not the cookie that may come with it."""
    cache.clear()
    begun = Door(Client()).post("/_allauth/app/v1/auth/login", {"phone": phone, "password": OLD}).body
    program = Client(headers={"X-Session-Token": begun["meta"]["session_token"]})
    program.cookies = Door.of(factories.person()).client.cookies
    asked = {"home": str(home.pk), "label": "书房"}
    made = program.post("/api/v1/sip/devices", asked, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["username"] in names()
    program.delete("/_allauth/app/v1/auth/session")
    assert made.json()["username"] not in names()
