"""The lines to the telephone network at the console."""

import re
from collections.abc import Iterator

import pytest

from anju.homes.models import Community, Home
from anju.intercom.models import Call, Ring, RingState, Via
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.sip import place, trunk
from anju.sip.models import Spent, Trouble, Trunk, Why
from tests import factories
from tests.console.conftest import Desk

SAID = {
    "host": "sip.carrier.example", "port": "5061", "transport": "tls", "user": "trunk-7", "new_password": "a long password",
    "number": "01088886666", "dialled": "national", "prefixes": "+8613 +8610", "at_once": "4", "home_day": "20",
    "community_day": "500", "seconds": "300",
}  # fmt: skip


def only() -> Trunk:
    with scope.platform():
        return Trunk.objects.get()


def test_an_operator_sets_a_line_up_whose_password_is_never_shown(operator: Desk, community: Community) -> None:
    assert operator.post("trunks/", {**SAID, "community": str(community.pk)}).status_code == 302
    made = only()
    assert (made.community_id, trunk.password(made)) == (community.pk, SAID["new_password"])
    assert SAID["new_password"].encode() not in bytes(made.password or b"")
    for page in (operator.text("trunks/"), operator.text(f"trunks/{made.pk}/")):
        assert "sip.carrier.example" in page and SAID["new_password"] not in page
    assert "等待检查" in operator.text("trunks/")
    assert AuditEntry.objects.filter(reason="trunk", actor=operator.person.pk).count() == 1


def test_a_password_left_empty_stays_and_one_from_elsewhere_does_not_open(operator: Desk) -> None:
    operator.post("trunks/", SAID)
    made = only()
    operator.post(f"trunks/{made.pk}/", {**SAID, "new_password": "", "number": "01088887777"})
    changed = only()
    assert (changed.number, trunk.password(changed)) == ("01088887777", SAID["new_password"])
    other = Trunk(password=changed.password)
    with pytest.raises(ValueError, match="does not open"):
        trunk.password(other)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "evil.example;maddr=1.2.3.4"), ("number", "010\r\nX: y"), ("user", 'a"b'), ("prefixes", "+"), ("prefixes", "13"),
        ("seconds", "3600"), ("at_once", "0"), ("port", "0"),
    ],
)  # fmt: skip
def test_what_could_break_a_message_or_the_bill_is_not_taken(operator: Desk, field: str, value: str) -> None:
    answer = operator.post("trunks/", {**SAID, field: value})
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    with scope.platform():
        assert not Trunk.objects.exists()


def test_one_line_a_community_and_one_for_the_rest(operator: Desk, community: Community) -> None:
    assert operator.post("trunks/", SAID).status_code == 302
    assert operator.post("trunks/", {**SAID, "number": "02155556666"}).status_code == 200
    assert (
        operator.post("trunks/", {**SAID, "number": "02155556666", "community": str(community.pk)}).status_code == 302
    )
    with scope.platform():
        assert Trunk.objects.count() == 2


@pytest.fixture
def running() -> Iterator[None]:
    place.READY.parent.mkdir(parents=True, exist_ok=True)
    place.READY.touch()
    yield
    place.READY.unlink(missing_ok=True)


def test_a_communitys_own_line_comes_first_and_one_switched_off_is_none(
    operator: Desk, community: Community, running: None
) -> None:
    operator.post("trunks/", SAID)
    rest = only()
    assert trunk.of(community.pk) == rest
    operator.post("trunks/", {**SAID, "community": str(community.pk), "off": "on"})
    assert trunk.of(community.pk) is None
    assert trunk.of(factories.community().pk) == rest


def test_only_the_operator_comes_here(manager: Desk, operator: Desk) -> None:
    operator.post("trunks/", SAID)
    made = only()
    assert manager.get("trunks/").status_code == 403
    assert manager.post(f"trunks/{made.pk}/", SAID).status_code == 403
    assert manager.post(f"trunks/{made.pk}/try/").status_code == 403
    assert "trunks" not in manager.text("")
    assert "/console/trunks/" in operator.text("")


def test_a_trial_needs_the_operators_own_consent_and_a_server(operator: Desk) -> None:
    operator.post("trunks/", SAID)
    answer = operator.post(f"trunks/{only().pk}/try/")
    assert answer.status_code == 403
    assert "门禁呼叫转电话" in answer.content.decode()


@pytest.mark.parametrize(("state", "words"), [(401, "账号或密码不对"), (408, "运营商没有响应"), (405, "运营商有响应")])
def test_staff_read_how_the_line_is(operator: Desk, state: int, words: str) -> None:
    operator.post("trunks/", SAID)
    trunk.noted(only().pk, state)
    assert words in operator.text("trunks/")


def test_the_trace_says_why_a_telephone_was_not_rung_and_no_number(manager: Desk, community: Community) -> None:
    home: Home = factories.home(community, "1201")
    who = factories.person()
    member = factories.member(who, home)
    with scope.platform():
        call = Call.objects.create(community=community, gate=factories.gate(community), home=home, state="missed")
        ring = Ring.objects.create(call=call, community=community, person=who, via=Via.PHONE, state=RingState.FAILED)
        Trouble.objects.create(ring=ring, community=community, person=who, why=Why.HOME_DAY)
    page = manager.text("intercom/")
    assert re.search(r"电话 · 未送达 · 本户今天拨打电话已达上限", page)
    assert member.name is None or member.name.open() not in page
    assert who.phone is not None and who.phone.open().removeprefix("+86") not in page


def test_a_limit_counts_a_day_and_holds_between_homes(community: Community) -> None:
    with scope.platform():
        line = Trunk.objects.create(host="x", number="010", home_day=2, community_day=3)
    first, second = factories.home(community, "1201"), factories.home(community, "1202")
    said = [trunk.spend(line, one) for one in (first, first, first, second, second)]
    assert said == [None, None, Why.HOME_DAY, None, Why.COMMUNITY_DAY]
    with scope.platform():
        Spent.objects.update(day="2020-01-01")
    assert trunk.spend(line, first) is None
    with scope.platform():
        assert Spent.objects.get().times == 1
