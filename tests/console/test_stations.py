"""Indoor stations and door stations at the console."""

import re

from django.utils import timezone

from anju.access.models import Gate
from anju.homes.models import Community
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.sip import devices
from anju.sip.models import Kind, SipDevice
from tests import factories
from tests.console.conftest import Desk


def one(community: Community) -> SipDevice:
    with scope.platform():
        return SipDevice.objects.get(community=community)


def password(page: str) -> str:
    return re.findall(r'sms-text">([^<]+)<', page)[1]


def hung(manager: Desk, community: Community) -> str:
    """Hang one up in a home. Returns its password."""
    factories.home(community, "1201")
    answer = manager.post("stations/hang/", {"community": str(community.pk), "home": "1-1-1201"})
    assert answer.status_code == 200, answer.content.decode()
    return password(answer.content.decode())


def test_an_indoor_station_is_hung_up_and_its_password_shown_once(manager: Desk, community: Community) -> None:
    shown = hung(manager, community)
    made = one(community)
    assert made.ha1 == devices.ha1(made.username, shown)
    page = manager.text("stations/")
    assert made.username in page and "1201" in page and "未注册" in page and shown not in page
    with scope.platform():
        [entry] = AuditEntry.objects.filter(reason="sip_added", target_id=str(made.pk))
    assert entry.actor == manager.person.pk


def test_a_door_station_is_hung_up_at_a_gate(manager: Desk, community: Community) -> None:
    gate = factories.gate(community, "西门")
    with scope.platform():
        Gate.objects.filter(pk=gate.pk).update(registered_at=timezone.now())
    assert manager.post("stations/hang/", {"gate": str(gate.pk)}).status_code == 200
    made = one(community)
    assert (made.kind, made.gate_id) == (Kind.DOOR_STATION, gate.pk)


def test_a_new_password_voids_the_former_and_what_is_taken_down_is_gone(manager: Desk, community: Community) -> None:
    former = hung(manager, community)
    made = one(community)
    answer = manager.post(f"stations/{made.pk}/renew/")
    assert password(answer.content.decode()) != former
    assert one(community).ha1 == devices.ha1(made.username, password(answer.content.decode())) != made.ha1
    assert manager.post(f"stations/{made.pk}/take-down/").status_code == 302
    assert "还没有室内机和门口机" in manager.text("stations/")


def test_a_home_that_is_not_there_is_said_so_and_nothing_typed_is_lost(manager: Desk, community: Community) -> None:
    page = manager.post("stations/hang/", {"community": str(community.pk), "home": "9-9-9"}).content.decode()
    assert "没有找到这套房屋" in page and 'value="9-9-9"' in page


def test_a_residents_own_phone_and_another_communitys_station_are_out_of_reach(
    manager: Desk, community: Community
) -> None:
    other = factories.community()
    with scope.platform():
        made = devices.install(factories.person(), factories.home(other))
    assert manager.post(f"stations/{made.device.pk}/renew/").status_code == 404
    assert manager.post(f"stations/{made.device.pk}/take-down/").status_code == 404
    assert made.device.username not in manager.text("stations/")
