"""Accounts, and who may call whom."""

from django.utils import timezone

from anju.access.models import Gate
from anju.homes import actions as homes
from anju.homes.models import Home, Member
from anju.intercom.models import Call
from anju.intercom.purposes import INTERCOM
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.sip import devices, kamailio
from anju.sip.models import SipDevice
from tests import factories
from tests.intercom.conftest import Pad
from tests.sip.agent import Agent
from tests.sip.conftest import Register, softphone

HOME = "sip:home@anju"


def test_a_device_registers_with_its_password_and_with_no_other(resident: Person, home: Home, agent: Register) -> None:
    account = softphone(resident, home)
    assert agent(account.device.username, "wrong").register() == 401
    assert agent("s000000000000", account.password).register() == 401
    assert agent(account.device.username, account.password).register() == 200


def registered(username: str) -> bool:
    return bool(kamailio.contacts(username))


def test_a_removed_device_is_nobody_at_once(resident: Person, home: Home, agent: Register) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    assert registered(account.device.username)
    with scope.person(resident.pk):
        devices.remove(resident, account.device.pk)
    assert not registered(account.device.username)
    assert phone.register() == 401


def test_whoever_takes_the_consent_back_or_moves_out_has_no_device_left(
    resident: Person, home: Home, agent: Register
) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    consent.withdraw(resident.pk, INTERCOM)
    assert not registered(account.device.username)
    assert phone.register() == 401
    factories.agree(resident, INTERCOM)
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    with scope.platform():
        homes.end_membership(Member.objects.get(person=resident))
        assert not SipDevice.objects.filter(person=resident).exists()
    assert not registered(account.device.username)
    assert phone.register() == 401


def test_a_right_that_ends_by_its_time_or_is_restricted_ends_here(
    resident: Person, home: Home, agent: Register
) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    consent.restrict(resident.pk, INTERCOM)
    assert phone.register() == 401
    consent.lift(resident.pk, INTERCOM)
    assert phone.register() == 200
    with scope.platform():
        Member.objects.filter(person=resident).update(until=timezone.now())
    assert phone.register() == 401


def test_nobody_calls_but_gates_and_they_call_only_the_home_they_dialled(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    account = softphone(resident, home)
    phone = agent(account.device.username, account.password)
    assert phone.register() == 200
    for there in (HOME, "sip:+8613900001111@anju", "sip:1-1-1201@anju", "sip:someone@example.org"):
        assert phone.invite(there) == 0
        assert phone.outcome() == 403
    call = pad.dial("1-1-1201")["call"]
    assert phone.invite(HOME, call=call) == 0
    assert phone.outcome() == 403
    for wrong in ("", "x", "0" * 32):
        assert page.invite(HOME, call=wrong) == 0
        assert page.outcome() in (403, 404)
    with scope.platform():
        other = devices.sip_for_gate(factories.gate(home.community, "西门"))
    stranger = agent(other["uri"].removeprefix("sip:").partition("@")[0], other["password"])
    assert stranger.invite(HOME, call=call) == 0
    assert stranger.outcome() in (403, 404)


def test_a_caller_is_who_its_password_says(page: Agent) -> None:
    page.username, own = "g000000000000", page.username
    assert page.invite(HOME) == 0
    assert page.outcome() == 407
    page.username = own


def test_a_door_station_calls_homes_of_its_own_community_and_nothing_else(
    gate: Gate, home: Home, agent: Register
) -> None:
    factories.home(factories.community(), "3301")
    account = devices.install(factories.person(), gate)
    station = agent(account.device.username, account.password)
    for there in ("sip:1-1-3301@anju", "sip:9-9-999@anju", "sip:0085212345678@anju"):
        assert station.invite(there) == 0
        assert station.outcome() in (403, 404)
    with scope.platform():
        assert not Call.objects.filter(gate=gate).exists()


def test_twenty_wrong_passwords_shut_out_one_name_and_not_its_neighbours(
    resident: Person, home: Home, agent: Register
) -> None:
    first, second = softphone(resident, home), softphone(resident, home)
    liar = agent(first.device.username, "wrong")
    for _ in range(20):
        assert liar.register() == 401
    phone = agent(first.device.username, first.password)
    assert phone.register() == 200
    for _ in range(21):
        assert liar.register() == 401
    liar.attempt()
    phone.attempt()
    assert liar.hear(1) is None
    assert phone.hear(0.2) is None
    assert agent(second.device.username, second.password).register() == 200
