"""Wallets and risk at the console: objections answered, people stopped, rules changed, differences cleared up."""

import pytest
from django.utils import timezone

from anju.homes.models import Community
from anju.notices.models import Notice
from anju.partners.paying import CHINA
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.risk.models import Block, Rule, Sign, Verdict
from anju.wallet import mirror
from anju.wallet.models import Gap
from tests import factories
from tests.console.conftest import Desk
from tests.peers.lianlian import LianLian
from tests.wallet.conftest import PASSWORD, SECOND, Holder, with_wallet
from tests.wallet.conftest import custodian as custodian
from tests.wallet.conftest import serving as serving


@pytest.fixture
def holder(custodian: LianLian, community: Community) -> Holder:
    return with_wallet(custodian, community, "1201", amount=5_000)


@pytest.fixture
def other(custodian: LianLian, community: Community) -> Holder:
    return with_wallet(custodian, community, "1202", SECOND)


def send(holder: Holder, other: Holder) -> str:
    body = {"amount": 2_000, "phone": other.phone, "password": PASSWORD}
    answer = holder.door.post("/wallet/transfer", body)
    return "done" if answer.status == 200 else answer.code


def test_an_objection_is_lifted_with_an_answer_and_the_resident_goes_on(
    manager: Desk, holder: Holder, other: Holder
) -> None:
    Rule.objects.all().delete()
    Rule.objects.create(sign=Sign.AMOUNT, act="refuse", kinds=["transfer"], most=1_000)
    assert send(holder, other) == "risk_refused"
    with scope.platform():
        [verdict] = Verdict.objects.all()
    holder.door.post(f"/risk/verdicts/{verdict.pk}/appeal", {"plea": "给邻居的团购款"})
    page = manager.text("wallets/")
    assert "给邻居的团购款" in page and "张**" in page and "张小明" not in page
    path = f"wallets/appeals/{verdict.pk}/"
    assert manager.post(path, {"answer": "好", "lift": "1"}).status_code == 422
    assert manager.post(path, {"answer": "已电话核实", "lift": "1"}).status_code == 302
    assert manager.post(path, {"answer": "已电话核实", "lift": "1"}).status_code == 409
    assert send(holder, other) == "done"
    with scope.platform():
        assert "已电话核实" in Notice.objects.filter(person=holder.person, kind="security").latest("id").body.open()
    assert AuditEntry.objects.filter(reason="risk_appeal", actor=manager.person.pk).count() == 1


def test_no_objection_lifts_what_stops_the_payee(manager: Desk, holder: Holder, other: Holder) -> None:
    manager.post("wallets/stop/", {"act": "block", "phone": other.phone, "why": "冒充物业收款"})
    assert send(holder, other) == "risk_refused"
    with scope.platform():
        [verdict], [block] = Verdict.objects.all(), Block.objects.all()
    holder.door.post(f"/risk/verdicts/{verdict.pk}/appeal", {"plea": "给邻居的团购款"})
    path = f"wallets/appeals/{verdict.pk}/"
    assert manager.post(path, {"answer": "已电话核实", "lift": "1"}).status_code == 409
    manager.post(f"wallets/blocks/{block.pk}/end/", {})
    assert manager.post(path, {"answer": "已电话核实", "lift": "1"}).status_code == 302
    assert send(holder, other) == "done"


def test_somebody_gets_no_money_until_it_is_lifted(manager: Desk, holder: Holder, other: Holder) -> None:
    asked = {"act": "block", "phone": other.phone, "why": "冒充物业收款"}
    assert manager.post("wallets/stop/", asked).status_code == 302
    assert send(holder, other) == "risk_refused"
    assert "冒充物业收款" in manager.text("wallets/")
    with scope.platform():
        [block] = Block.objects.all()
    assert manager.post(f"wallets/blocks/{block.pk}/end/", {}).status_code == 302
    assert send(holder, other) == "done"


def test_a_frozen_wallet_pays_nobody_but_its_holders_own_card(manager: Desk, holder: Holder, other: Holder) -> None:
    asked = {"phone": holder.phone, "why": "账号疑似被盗"}
    assert manager.post("wallets/stop/", {**asked, "act": "freeze"}).status_code == 302
    assert holder.door.get("/wallet").body["state"] == "frozen"
    assert send(holder, other) == "wallet_frozen"
    back = {"amount": 1_000, "card": holder.bound_id, "password": PASSWORD}
    assert holder.door.post("/wallet/withdraw", back).body["state"] == "done"
    with scope.platform():
        assert "账号疑似被盗" in Notice.objects.filter(person=holder.person, kind="wallet").latest("id").body.open()
    assert manager.post("wallets/stop/", {**asked, "act": "unfreeze"}).status_code == 302
    assert send(holder, other) == "done"


def test_a_rule_is_changed_and_holds_at_once(manager: Desk, holder: Holder, other: Holder) -> None:
    with scope.platform():
        rule = Rule.objects.get(sign=Sign.AMOUNT)
    path = f"wallets/rules/{rule.pk}/"
    assert manager.post(path, {"most": "15.00", "minutes": "0", "active": "on"}).status_code == 302
    assert send(holder, other) == "proof_required"
    assert manager.post(path, {"most": "15.00", "minutes": "0"}).status_code == 302
    assert send(holder, other) == "done"
    entry = AuditEntry.objects.filter(reason="risk_rule").latest("id")
    assert entry.fields == ["active"]


def test_what_the_custodian_says_otherwise_is_cleared_up_with_a_reason(
    manager: Desk, holder: Holder, custodian: LianLian
) -> None:
    custodian._book("stray", holder.person.pk.hex, "", 500)
    mirror.compare(timezone.now().astimezone(CHINA).date())
    page = manager.text("wallets/")
    assert "stray" in page and "45.00" in page
    with scope.platform():
        gap = Gap.objects.get(number="stray")
    assert manager.post(f"wallets/gaps/{gap.pk}/clear/", {"note": "机构误扣，已更正"}).status_code == 302
    with scope.platform():
        gap.refresh_from_db()
    assert gap.cleared_by == manager.person.pk


def test_a_manager_of_one_community_of_several_does_not_see_the_others_residents(manager: Desk) -> None:
    factories.community()
    assert manager.get("wallets/").status_code == 403
