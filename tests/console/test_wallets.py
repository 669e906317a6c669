"""Wallets and risk at the console: objections answered, people stopped, rules changed, differences cleared up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.notices.models import Notice
from anju.packets.models import Packet
from anju.partners.paying import CHINA
from anju.payments.models import Payment
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.risk.models import Block, Rule, Sign, Verdict
from anju.wallet import mirror
from anju.wallet.models import Gap, Movement
from tests import factories
from tests.console.conftest import Desk
from tests.packets.test_packets import lay_out
from tests.payments.conftest import Bill
from tests.payments.conftest import bill as bill
from tests.peers.lianlian import MERCHANT, LianLian
from tests.wallet.conftest import PASSWORD, SECOND, Holder, with_wallet
from tests.wallet.conftest import custodian as custodian
from tests.wallet.conftest import serving as serving
from tests.wallet.test_moving import agrees, later, paid


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


ASKED = 2_000
WHY = {"why": "与机构核对过"}


def begin(kind: str, holder: Holder, other: Holder, custodian: LianLian) -> Movement:
    """Something is moved, of which the institution's answer is lost."""
    custodian.faults.spare, custodian.faults.lose = (0, 1) if kind == "withdraw" else (1, 1)
    body = {"amount": ASKED, "card": holder.bound_id, "password": PASSWORD}
    holder.door.post(f"/wallet/{kind.replace('_', '-')}", body | ({"phone": other.phone} if kind == "transfer" else {}))
    with scope.platform():
        return Movement.objects.get(kind=kind, state="asked")


def alter(custodian: LianLian, number: str, amount: int) -> None:
    """This is what the institution has moved."""
    order = custodian.orders[number]
    order.amount = order.left = amount
    for lines in custodian.lines.values():
        for line in lines:
            if line.number == number:
                line.amount = amount if line.amount > 0 else -amount


def otherwise(custodian: LianLian, number: str, amount: int) -> None:
    """The institution has moved another amount, and the minute's job has found out."""
    alter(custodian, number, amount)
    later()


def path_to(number: str) -> str:
    with scope.platform():
        return f"wallets/gaps/{Gap.objects.get(number=number).pk}/book/"


def told(holder: Holder) -> str:
    with scope.platform():
        return str(Notice.objects.filter(person=holder.person, kind="wallet").latest("id").body.open())


@pytest.mark.parametrize("theirs", [1_500, 2_500])
@pytest.mark.parametrize("kind", ["top_up", "withdraw", "transfer"])
def test_what_was_done_otherwise_than_asked_is_booked_as_it_was_done(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian, kind: str, theirs: int
) -> None:
    moved = begin(kind, holder, other, custodian)
    otherwise(custodian, moved.number, theirs)
    assert "按机构结果入账" in manager.text("wallets/")
    path = path_to(moved.number)
    assert manager.post(path, {"why": "好"}).status_code == 422
    assert manager.post(path, WHY).status_code == 302
    assert manager.post(path, WHY).status_code == 409
    assert holder.balance == 5_000 + (theirs if kind == "top_up" else -theirs)
    assert other.balance == (theirs if kind == "transfer" else 0)
    seen = holder.door.get(f"/wallet/movements/{moved.pk}").body
    assert (seen["state"], seen["amount"]) == ("done", theirs)
    assert holder.door.get("/wallet").body["held"] == 0
    assert f"{theirs / 100:.2f}" in told(holder) and "与机构核对过" in told(holder)
    with scope.platform():
        [gap] = Gap.objects.all()
    assert (gap.cleared_by, gap.note) == (manager.person.pk, "与机构核对过")
    assert AuditEntry.objects.filter(reason="movement_done", actor=manager.person.pk).count() == 1
    later()
    agrees(custodian, holder, other)


def test_what_the_institution_says_now_is_booked_not_what_it_said_then(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian
) -> None:
    moved = begin("withdraw", holder, other, custodian)
    otherwise(custodian, moved.number, 1_500)
    path = path_to(moved.number)
    order = custodian.orders[moved.number]
    order.state = "TRADE_WAIT_PAY"
    assert manager.post(path, WHY).status_code == 409
    custodian.faults.out = True
    assert manager.post(path, WHY).status_code == 503
    custodian.faults.out = False
    order.state = "TRADE_CLOSE"
    custodian.lines[holder.person.pk.hex].pop()
    assert manager.post(path, {**WHY, "amount": "1500"}).status_code == 302
    assert holder.door.get(f"/wallet/movements/{moved.pk}").body["state"] == "failed"
    assert holder.door.get("/wallet").body["free"] == 5_000
    assert "没有办理" in told(holder)
    agrees(custodian, holder, other)


def test_what_was_put_right_meanwhile_is_booked_as_it_was_asked(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian
) -> None:
    moved = begin("transfer", holder, other, custodian)
    otherwise(custodian, moved.number, 1_500)
    path = path_to(moved.number)
    alter(custodian, moved.number, ASKED)
    assert manager.post(path, WHY).status_code == 302
    assert (holder.balance, other.balance) == (3_000, 2_000)
    agrees(custodian, holder, other)


def test_more_than_the_books_have_is_not_booked(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian
) -> None:
    moved = begin("withdraw", holder, other, custodian)
    otherwise(custodian, moved.number, 5_001)
    refused = manager.post(path_to(moved.number), WHY)
    assert refused.status_code == 409 and "请机构更正这笔订单" in refused.content.decode()
    assert holder.door.get("/wallet").body["held"] == ASKED
    with scope.platform():
        assert Gap.objects.filter(cleared_at=None).count() == 1


@pytest.mark.parametrize("side", ["person", "payee"])
def test_nobody_decides_what_is_their_own(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian, side: str
) -> None:
    moved = begin("transfer", holder, other, custodian)
    otherwise(custodian, moved.number, 1_500)
    with scope.platform():
        Movement.objects.filter(pk=moved.pk).update(**{side: manager.person.pk})
    assert manager.post(path_to(moved.number), WHY).status_code == 403
    with scope.platform():
        assert Movement.objects.get(pk=moved.pk).state == "asked"


@pytest.mark.parametrize("theirs", [1_500, 2_500])
@pytest.mark.parametrize("by_card", [False, True])
def test_a_payment_of_another_amount_goes_back_whole_and_pays_nothing(
    manager: Desk, holder: Holder, custodian: LianLian, community: Community, bill: Bill, by_card: bool, theirs: int
) -> None:
    payment = paid(community, bill, holder, ASKED)
    custodian.faults.lose = 1
    body = {"payment": str(payment.pk), "password": PASSWORD}
    holder.door.post("/wallet/pay", body | ({"card": holder.bound_id} if by_card else {}))
    otherwise(custodian, payment.number, theirs)
    path = path_to(payment.number)
    custodian.faults.spare, custodian.faults.lose = (
        3,
        1,
    )  # its order is asked after twice, the refund once, then it is sent
    assert manager.post(path, WHY).status_code == 409
    assert holder.door.get("/wallet").body["held"] == (0 if by_card else ASKED)
    assert len(custodian.refunds) == 1
    assert manager.post(path, WHY).status_code == 302
    assert manager.post(path, WHY).status_code == 409
    assert [amount for _order, amount, _at in custodian.refunds.values()] == [theirs]
    with scope.platform():
        assert Payment.objects.get(pk=payment.pk).state == "closed"
    assert bill.told == [] and ledger.balance(bill.account).posted == 0
    assert holder.balance == 5_000 and "已全部原路退回" in told(holder)
    again = paid(community, bill, holder, ASKED)
    assert holder.door.post("/wallet/pay", {**body, "payment": str(again.pk)}).body["state"] == "done"
    assert bill.told == [("paid", ASKED)]
    agrees(custodian, holder)


def test_a_refund_that_the_institution_declines_is_waited_for_until_the_money_lies_there_again(
    manager: Desk, holder: Holder, custodian: LianLian, community: Community, bill: Bill
) -> None:
    payment = paid(community, bill, holder, ASKED)
    custodian.faults.lose = 1
    holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    otherwise(custodian, payment.number, 1_500)
    custodian.orders[payment.number].left = 0
    refused = manager.post(path_to(payment.number), WHY)
    assert refused.status_code == 409 and "商户平台" in refused.content.decode()
    assert holder.door.get("/wallet").body["held"] == ASKED
    custodian._book("by-hand", MERCHANT, holder.person.pk.hex, 1_500)
    assert manager.post(path_to(payment.number), WHY).status_code == 302
    assert holder.door.get("/wallet").body["free"] == 5_000 == custodian.balance(holder.person.pk.hex)
    with scope.platform():
        assert Payment.objects.get(pk=payment.pk).state == "closed"
    assert bill.told == []


def test_a_red_packet_of_another_amount_is_not_given_out(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian
) -> None:
    with scope.platform():
        home = holder.person.memberships.get().home_id
    custodian.faults.spare, custodian.faults.lose = 1, 1
    body = {
        "home": str(home),
        "members_only": False,
        "amount": ASKED,
        "count": 2,
        "split": "equal",
        "password": PASSWORD,
    }
    sent = holder.door.post("/packets", body)
    assert sent.body["movement"]["state"] == "asked", sent.body
    with scope.platform():
        moved = Movement.objects.get(kind="packet")
    otherwise(custodian, moved.number, 1_500)
    assert manager.post(path_to(moved.number), WHY).status_code == 302
    with scope.platform():
        assert Packet.objects.get().state == "failed"
    assert holder.balance == 5_000
    agrees(custodian, holder, other)


def test_a_share_of_another_amount_is_the_institutions_to_put_right(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian, community: Community
) -> None:
    packet = lay_out(holder, community, ASKED, 1).body["packet"]
    custodian.faults.lose = 1
    other.door.post(f"/packets/{packet}/take")
    with scope.platform():
        moved = Movement.objects.get(kind="share")
    otherwise(custodian, moved.number, 1_500)
    refused = manager.post(path_to(moved.number), WHY)
    assert refused.status_code == 409 and "请联系机构" in refused.content.decode()
    alter(custodian, moved.number, ASKED)
    later()
    assert other.balance == ASKED
    agrees(custodian, holder, other)


def test_what_is_decided_on_a_later_day_is_no_difference_of_that_day(
    manager: Desk, holder: Holder, other: Holder, custodian: LianLian
) -> None:
    moved = begin("transfer", holder, other, custodian)
    today = timezone.now().astimezone(CHINA).date()
    for who in (holder, other):
        custodian.lines[who.person.pk.hex][-1].at -= timedelta(days=1)
    otherwise(custodian, moved.number, 1_500)
    mirror.compare(today - timedelta(days=1))
    with scope.platform():
        days = Gap.objects.filter(number=moved.number, cleared_at=None)
        assert days.filter(day=today - timedelta(days=1)).count() == 2
        gap = days.filter(person=holder.person.pk).first()
    assert gap is not None
    assert manager.post(f"wallets/gaps/{gap.pk}/book/", WHY).status_code == 302
    with scope.platform():
        assert not days.exists()
    mirror.compare(today)
    with scope.platform():
        assert not Gap.objects.filter(number=moved.number, cleared_at=None).exists()


def test_a_manager_of_one_community_of_several_does_not_see_the_others_residents(manager: Desk) -> None:
    factories.community()
    assert manager.get("wallets/").status_code == 403
