"""A device that sleeps is woken by its push service and joins the call that rings (RFC 8599); one that no push reaches joins when it comes."""

import time
from urllib.parse import quote

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.access.models import Gate
from anju.homes.models import Home
from anju.intercom.models import CallState
from anju.notices import push, tasks
from anju.notices.models import PushSubscription
from anju.partners import web_push
from anju.partners.push_services import PUSH
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import Sharing
from anju.sip import devices
from tests import factories
from tests.doors import Door
from tests.intercom.conftest import Pad
from tests.notices.push_service import PushService
from tests.sip.agent import Agent
from tests.sip.conftest import Register, softphone, until
from tests.sip.test_calls import device, dial, opened, pick_up, state


def capabilities(phone: Agent) -> str:
    """What the last answer to a registration told of waking."""
    return next((line for line in phone.heard[-1].splitlines() if line.startswith("Feature-Caps")), "")


def woken_by(service: PushService, path: str = "/push/one") -> str:
    """What a device adds to its address so that this service wakes it."""
    return f";pn-provider=webpush;pn-prid={quote(f'http://{service.host}{path}', safe='')}"


def unregistered(who: Person, home: Home, agent: Register) -> Agent:
    """A softphone that is not there yet."""
    account = softphone(who, home)
    return agent(account.device.username, account.password)


def station(home: Home, agent: Register) -> Agent:
    """What hangs on a wall of this home, registered."""
    account = devices.install(factories.person(), home)
    made = agent(account.device.username, account.password)
    assert made.register() == 200
    return made


def at_gate(gate: Gate, agent: Register) -> Agent:
    """A door station."""
    account = devices.install(factories.person(), gate)
    return agent(account.device.username, account.password)


def count(who: Person) -> int:
    with scope.platform():
        return PushSubscription.objects.filter(person=who).count()


def work() -> None:
    """Do the waiting deliveries, as the worker would."""
    for job in ProcrastinateJob.objects.filter(task_name="notices.deliver", status="todo"):
        tasks.deliver(**job.args)
    ProcrastinateJob.objects.filter(task_name="notices.deliver").update(status="succeeded")


@pytest.fixture
def sleeper(resident: Person, home: Home, agent: Register, push_service: PushService) -> Agent:
    """A softphone whose owner agrees to be woken by push."""
    factories.agree(resident, PUSH)
    push_service.got.clear()
    made = unregistered(resident, home, agent)
    made.contact = woken_by(push_service)
    return made


def test_a_sleeping_device_is_woken_without_a_word_and_answers(
    pad: Pad, page: Agent, resident: Person, sleeper: Agent, push_service: PushService
) -> None:
    assert sleeper.register() == 200
    assert capabilities(sleeper) == f'Feature-Caps: *;+sip.pns="webpush";+sip.vapid="{web_push.public_key()}"'
    sleeper.line.close()  # it sleeps: its registration holds, and nobody is there
    call = dial(pad, page)
    page.provisional(180)
    work()
    [pushed] = push_service.got
    assert (pushed.path, pushed.body, pushed.headers["Urgency"]) == ("/push/one", b"", "high")
    assert "Content-Encoding" not in pushed.headers
    with scope.platform():
        assert [one.fields for one in Sharing.objects.filter(subject=resident.pk)] == [["address"]]
    sleeper.line = sleeper.connect()
    sleeper.port = int(sleeper.line.getsockname()[1])
    assert sleeper.register() == 200
    pick_up(sleeper)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert sleeper.press("#") == 200
    assert until(lambda: opened(call))


def test_a_device_that_comes_back_at_the_address_it_had_is_rung_again(pad: Pad, page: Agent, sleeper: Agent) -> None:
    assert sleeper.register() == 200
    call = dial(pad, page)
    time.sleep(4.5)  # what was sent to it is given up
    while sleeper.hear(0.1) is not None:
        continue
    assert sleeper.register() == 200
    pick_up(sleeper)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)


def test_a_device_says_that_it_is_woken_no_longer_or_signs_off(
    resident: Person, sleeper: Agent, push_service: PushService
) -> None:
    assert sleeper.register() == 200
    assert sleeper.register() == 200
    assert count(resident) == 1
    sleeper.contact = ""
    assert sleeper.register() == 200
    assert (count(resident), capabilities(sleeper)) == (0, "")
    sleeper.contact = woken_by(push_service)
    assert sleeper.register() == 200
    assert count(resident) == 1
    assert sleeper.register(0) == 200
    assert count(resident) == 0


def test_nobody_is_woken_without_their_consent_or_through_a_service_that_is_not_declared(
    resident: Person, sleeper: Agent, push_service: PushService
) -> None:
    sleeper.contact = ";pn-provider=webpush;pn-prid=http%3A%2F%2F127.0.0.1%3A9%2Fx"
    assert sleeper.register() == 200
    assert (count(resident), capabilities(sleeper)) == (0, "")
    sleeper.contact = ";pn-provider=apns;pn-param=TEAM.org.example.voip;pn-prid=00fc13adff78512"
    assert sleeper.register() == 200  # it rings while it is awake
    assert (count(resident), capabilities(sleeper)) == (0, "")
    sleeper.contact = woken_by(push_service)
    assert sleeper.register() == 200
    assert count(resident) == 1
    with scope.person(resident.pk):
        consent.withdraw(resident.pk, PUSH)
    assert count(resident) == 0
    assert sleeper.register() == 200
    assert (count(resident), capabilities(sleeper)) == (0, "")


def test_a_removed_device_is_woken_no_more(resident: Person, sleeper: Agent) -> None:
    assert sleeper.register() == 200
    [mine] = Door.of(resident).get("/sip/devices").body["devices"]
    assert Door.of(resident).delete(f"/sip/devices/{mine['id']}").status == 204
    assert count(resident) == 0


def test_messages_do_not_wake_a_device(resident: Person, sleeper: Agent, push_service: PushService) -> None:
    assert sleeper.register() == 200
    facts = {"kind": "notice", "title": "安居", "body": "您有一条新通知", "tag": "notice", "path": "/notices"}
    assert push.wake(resident.pk, **facts, seconds=60, urgent=False) == 0  # type: ignore[arg-type]


def test_a_call_waits_for_the_first_device_that_comes(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    late = unregistered(resident, home, agent)
    call = dial(pad, page)
    page.provisional(180)
    time.sleep(1)
    assert late.register() == 200
    pick_up(late)
    assert page.outcome() == 200
    assert until(lambda: state(call) == CallState.ANSWERED)
    assert late.press("#") == 200
    assert until(lambda: opened(call))


def test_the_only_device_comes_late_and_declines(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    late = unregistered(resident, home, agent)
    call = dial(pad, page)
    page.provisional(180)
    assert late.register() == 200
    late.ring()
    late.decline()
    assert page.outcome() == 603
    assert until(lambda: state(call) == CallState.REFUSED)


def test_a_device_that_says_it_is_busy_silences_nobodys_app(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = dial(pad, page)
    phone.ring()
    phone.decline("486 Busy Here")
    assert page.outcome() == 486
    time.sleep(0.3)
    assert state(call) == CallState.RINGING
    assert Door.of(resident).post(f"/calls/{call}/accept").status == 200


def test_of_two_stations_on_the_walls_one_declines_and_the_other_rings_on(
    pad: Pad, page: Agent, home: Home, agent: Register
) -> None:
    first, second = station(home, agent), station(home, agent)
    call = dial(pad, page)
    first.ring()
    second.ring()
    first.decline()
    time.sleep(0.5)
    assert state(call) == CallState.RINGING
    second.answer()
    assert page.outcome() == 200


def test_a_home_whose_only_device_is_busy_has_missed_the_call(
    pad: Pad, page: Agent, home: Home, agent: Register
) -> None:
    wall = station(home, agent)
    call = dial(pad, page)
    wall.ring()
    wall.decline("486 Busy Here")
    assert page.outcome() == 486
    assert until(lambda: state(call) == CallState.MISSED), state(call)


def test_the_gate_learns_nothing_that_a_device_says_of_itself(
    pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    phone.extra = [
        "User-Agent: Linphone (王小明的手机)", "P-Asserted-Identity: <tel:13912345678>", "X-Phone: 13912345678",
    ]  # fmt: skip
    dial(pad, page)
    pick_up(phone)
    assert page.outcome() == 200
    assert phone.hang_up(page)
    said = "".join(page.heard)
    assert "王小明" not in said and "13912345678" not in said and "SIP/2.0 200" in said


def test_a_door_station_rings_on_while_only_the_app_does(
    pad: Pad, gate: Gate, resident: Person, home: Home, agent: Register
) -> None:
    door = at_gate(gate, agent)
    assert door.invite("sip:1-1-1201@anju") == 0
    door.provisional(180)
    app = Door.of(resident)
    [call] = app.get("/calls/ringing").body
    time.sleep(1)
    assert state(call["id"]) == CallState.RINGING
    leg = app.post(f"/calls/{call['id']}/accept").body["leg"]
    assert door.outcome() == 487
    assert app.post(f"/calls/{call['id']}/open", {"leg": leg}).status == 204
    assert pad.device.door.opened == 1


def test_a_home_in_which_nobody_can_be_rung_rings_like_any_other_and_a_visitor_may_give_up(
    pad: Pad, gate: Gate, home: Home, agent: Register
) -> None:
    door = at_gate(gate, agent)
    assert door.invite("sip:1-1-1201@anju") == 0
    door.provisional(180)
    door.cancel()
    assert door.outcome() == 487
