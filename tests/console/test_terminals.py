"""Other makers' terminals at the console."""

from anju.homes.models import Community
from anju.privacy import scope
from anju.terminals import keys
from anju.terminals.models import Terminal
from tests import factories
from tests.console.conftest import Desk


def added(manager: Desk, community: Community, **facts: str) -> Terminal:
    gate = factories.gate(community, "北门")
    answer = manager.post("terminals/", {"gate": str(gate.pk), "protocol": "push", **facts})
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        return Terminal.objects.get(gate=gate)


def test_a_terminal_is_put_at_a_gate_and_shows_what_it_proves_itself_with(manager: Desk, community: Community) -> None:
    made = added(manager, community)
    page = manager.text(f"terminals/{made.pk}/")
    assert keys.push_key(made).hex() in page and f"/api/v1/terminals/{made.pk}" in page
    assert "北门" in manager.text("terminals/")


def test_new_credentials_void_the_former(manager: Desk, community: Community) -> None:
    made = added(manager, community)
    former = keys.push_key(made).hex()
    assert manager.post(f"terminals/{made.pk}/renew/").status_code == 302
    page = manager.text(f"terminals/{made.pk}/")
    assert former not in page


def test_a_device_that_we_call_needs_its_address_and_nothing_typed_is_lost(manager: Desk, community: Community) -> None:
    gate = factories.gate(community, "南门")
    page = manager.post("terminals/", {"gate": str(gate.pk), "protocol": "isapi", "account": "admin"}).content.decode()
    assert "请填写设备地址、账号和密码" in page and 'value="admin"' in page


def test_a_password_is_never_shown_again(manager: Desk, community: Community) -> None:
    facts = {"protocol": "isapi", "address": "http://192.168.1.64", "account": "admin", "password": "s3cret-device"}
    made = added(manager, community, **facts)
    assert "s3cret-device" not in manager.text(f"terminals/{made.pk}/") + manager.text("terminals/")
    assert keys.password(made) == "s3cret-device"


def test_a_guard_sees_no_credentials(guard: Desk, manager: Desk, community: Community) -> None:
    made = added(manager, community)
    assert guard.get(f"terminals/{made.pk}/").status_code == 403
