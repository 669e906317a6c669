"""Fees are paid: online, at the desk, ahead, in parts, late - and given back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.billing import adjusting, books, cashier, owing, prepaid
from anju.billing.models import Adjustment, Bill, BillState, Method, Receipt
from anju.homes.models import Community, Duty, Home
from anju.ledger import queries as ledger
from anju.partners.purposes import PAYING
from anju.payments import actions as payments
from anju.payments import tasks
from anju.payments.models import Refund, RefundState
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from tests import factories
from tests.billing.conftest import PERIOD, as_, bill, issued, item, overdue, place
from tests.doors import Door
from tests.payments.test_paying import tell
from tests.peers.institution import Institution

LATE = {"late_rate": 5, "late_grace": 0, "late_cap": 30}


def fees(door: Door, home: Home) -> dict:  # type: ignore[type-arg]
    return door.get(f"/homes/{home.pk}/fees").body


def pay(door: Door, home: Home, institution: Institution, *bills: str, through: str = "wechat_pay") -> str:
    """Begin, pay on the institution's side, and let it tell us. Returns the payment's id."""
    began = door.post(f"/homes/{home.pk}/fees/pay", {"bills": list(bills), "through": through})
    assert began.status == 200, began.body
    number = began.body["opens"].rpartition("=")[2].rpartition("/")[2]
    assert tell(institution, institution.pay_unheard(number)) == 200
    return str(began.body["id"])


def the_receipt(home: Home) -> Receipt:
    with scope.platform():
        return Receipt.objects.filter(home=home).latest("at")


@pytest.mark.parametrize("through", ["wechat_pay", "alipay", "unionpay"])
def test_a_resident_sees_what_is_owed_pays_it_and_keeps_the_receipt(
    manager: Person, community: Community, home: Home, owner: Person, institution: Institution, through: str
) -> None:
    issued(manager, item(community))
    door = Door.of(owner)
    shown = fees(door, home)
    assert (shown["owed"], shown["ahead"], len(shown["bills"])) == (25508, 0, 1)
    assert shown["bills"][0]["detail"]["quantity"] == "89.50"
    payment = pay(door, home, institution, shown["bills"][0]["id"], through=through)
    assert door.get(f"/payments/{payment}").body["state"] == "paid"
    assert fees(door, home)["owed"] == 0 and bill(home).state == BillState.PAID
    [receipt] = door.get(f"/homes/{home.pk}/receipts").body
    assert (receipt["amount"], receipt["method"], receipt["number"]) == (25508, through, "00000001")
    answer = door.client.get(f"/api/v1/homes/{home.pk}/receipts/{receipt['id']}.pdf")
    assert answer.content.startswith(b"%PDF") and len(answer.content) > 2000
    assert ledger.balance(books.income(community.pk)).posted == 25508
    assert ledger.problems() == []
    assert any(one["kind"] == "fees" for one in door.get("/notices").body["items"])


def test_two_who_pay_the_same_bill_pay_ahead(
    manager: Person, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    issued(manager, item(community))
    other = factories.person((PAYING,))
    factories.member(other, home, since=timezone.now() - timedelta(days=300))
    doors = [Door.of(owner), Door.of(other)]
    name = fees(doors[0], home)["bills"][0]["id"]
    began = [door.post(f"/homes/{home.pk}/fees/pay", {"bills": [name], "through": "wechat_pay"}).body for door in doors]
    for one in began:
        tell(institution, institution.pay_unheard(one["opens"].rpartition("=")[2]))
    assert prepaid.balance(home) == 25508
    issued(manager, item(community, name="停车管理费"), PERIOD)
    assert prepaid.balance(home) == 0 and fees(doors[0], home)["owed"] == 0
    assert ledger.problems() == []


def test_nobody_pays_or_sees_another_homes_bills(
    manager: Person, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    issued(manager, item(community))
    stranger = Door.of(factories.resident(community, "201"))
    assert stranger.get(f"/homes/{home.pk}/fees").status == 404
    name = fees(Door.of(owner), home)["bills"][0]["id"]
    assert stranger.post(f"/homes/{home.pk}/fees/pay", {"bills": [name], "through": "alipay"}).status == 404


def test_who_has_moved_in_does_not_see_what_those_before_owed(
    manager: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community))
    new = factories.person((PAYING,))
    factories.member(new, home, since=timezone.now())
    assert fees(Door.of(new), home)["bills"] == []


def test_paying_late_costs_by_the_day_up_to_its_cap(
    manager: Person, community: Community, home: Home, owner: Person
) -> None:
    issued(manager, item(community, **LATE))
    overdue(home, 10)
    [one] = fees(Door.of(owner), home)["bills"]
    assert (one["late"], one["owed"]) == (128, 25636)  # 255.08 × 0.05 % × 10
    overdue(home, 2000)
    assert fees(Door.of(owner), home)["bills"][0]["late"] == 7652  # 30 %


def test_a_part_is_laid_against_the_fee_first_and_the_rest_goes_on_counting(
    manager: Person, cashier_: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community, **LATE))
    overdue(home, 10)
    as_(cashier_, cashier.open_shift, community.pk, 0)
    as_(cashier_, cashier.receive, home, 10_128, Method.CASH, [bill(home).pk], "1")
    now = bill(home)
    assert (now.paid, now.late_paid, now.state) == (10_000, 128, BillState.ISSUED)
    with scope.platform():
        type(now).objects.filter(pk=now.pk).update(late_to=timezone.localdate() - timedelta(days=4))
    assert owing.owed(bill(home)) == owing.Owed(15_508, 31)  # 155.08 × 0.05 % × 4


def test_the_desk_takes_once_and_the_drawer_is_counted(
    manager: Person, cashier_: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community))
    with pytest.raises(Refused, match="no_shift"):
        as_(cashier_, cashier.receive, home, 100, Method.CASH, [], "1")
    shift = as_(cashier_, cashier.open_shift, community.pk, 500_00)
    first = as_(cashier_, cashier.receive, home, 300_00, Method.CASH, [bill(home).pk], "form-1")
    again = as_(cashier_, cashier.receive, home, 300_00, Method.CASH, [bill(home).pk], "form-1")
    assert first == again and first.rest == 4492
    for where, amount in (
        (home, 200_00),
        (place(community, "1202", "80"), 300_00),
    ):  # the browser went back to an old page
        with pytest.raises(Refused, match="form_used"):
            as_(cashier_, cashier.receive, where, amount, Method.CASH, [], "form-1")
    as_(cashier_, cashier.receive, home, 50_00, Method.POS, [], "form-2")
    assert cashier.expected(shift) == 800_00
    assert prepaid.balance(home) == 4492 + 50_00
    closed = as_(cashier_, cashier.close_shift, 799_00)
    assert (closed.expected, closed.counted) == (800_00, 799_00)
    assert ledger.problems() == []


def test_a_bill_is_adjusted_by_two(manager: Person, cashier_: Person, community: Community, home: Home) -> None:
    issued(manager, item(community))
    asked = as_(cashier_, adjusting.ask, bill(home), -5_508, Adjustment.Reason.SERVICE)
    assert bill(home).amount == 25_508
    with pytest.raises(Refused, match="not_allowed"):
        as_(factories.staff(community, Duty.CASHIER), adjusting.decide, asked.pk, approve=True)
    own = as_(manager, adjusting.ask, bill_of_another(manager, community, home), -1, Adjustment.Reason.WRONG)
    with pytest.raises(Refused, match="own_adjustment"):
        as_(manager, adjusting.decide, own.pk, approve=True)
    as_(manager, adjusting.decide, asked.pk, approve=True)
    assert bill(home).amount == 20_000


def bill_of_another(manager: Person, community: Community, home: Home):  # type: ignore[no-untyped-def]
    issued(manager, item(community, name="水费公摊"), PERIOD.replace(month=11))
    return bill(home, PERIOD.replace(month=11))


@pytest.mark.parametrize("method", [Method.CASH, Method.POS])
def test_a_receipt_of_the_desk_is_taken_back_and_its_bills_are_open_again(
    manager: Person, cashier_: Person, community: Community, home: Home, method: Method
) -> None:
    issued(manager, item(community))
    shift = as_(cashier_, cashier.open_shift, community.pk, 0)
    receipt = as_(cashier_, cashier.receive, home, 300_00, method, [bill(home).pk], "1")
    as_(manager, adjusting.give_back, receipt)
    assert (bill(home).state, bill(home).paid, prepaid.balance(home)) == (BillState.ISSUED, 0, 0)
    assert cashier.expected(shift) == 0
    assert ledger.balance(books.income(community.pk)).posted == 0
    with pytest.raises(Refused, match="returned"):
        as_(manager, adjusting.give_back, receipt)
    assert ledger.problems() == []


def test_a_receipt_paid_online_goes_back_the_way_it_came(
    manager: Person, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    issued(manager, item(community))
    door = Door.of(owner)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])
    as_(manager, adjusting.give_back, the_receipt(home))
    [order] = institution.orders.values()
    assert list(order.back.values()) == [25_508]
    assert fees(door, home)["owed"] == 25_508
    assert door.get(f"/homes/{home.pk}/receipts").body[0]["back"] == "done"
    assert ledger.balance(books.income(community.pk)).posted == 0
    assert ledger.problems() == []


def test_a_receipt_is_not_taken_back_without_its_money_going_back(
    manager: Person,
    community: Community,
    home: Home,
    owner: Person,
    institution: Institution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issued(manager, item(community))
    door = Door.of(owner)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"])

    def dies(_refund: Refund) -> Refund:
        raise SystemError

    with monkeypatch.context() as patched, pytest.raises(SystemError):
        patched.setattr(payments, "pursue", dies)
        as_(manager, adjusting.give_back, the_receipt(home))
    with scope.platform():
        Refund.objects.update(at=timezone.now() - timedelta(minutes=2))
    tasks.pursue(0)
    [order] = institution.orders.values()
    assert list(order.back.values()) == [25_508]
    with scope.platform():
        assert Refund.objects.get().state == RefundState.DONE


def test_nobody_pays_late_fees_for_the_time_in_which_it_was_paid(
    manager: Person, cashier_: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community, **LATE))
    as_(cashier_, cashier.open_shift, community.pk, 0)
    receipt = as_(cashier_, cashier.receive, home, 255_08, Method.POS, [bill(home).pk], "1")
    paid_on = timezone.localdate() - timedelta(days=60)
    with scope.platform():
        Bill.objects.update(due=paid_on, late_to=paid_on)
    as_(manager, adjusting.give_back, receipt)
    assert owing.owed(bill(home)) == owing.Owed(255_08, 0)


def test_a_bill_that_was_a_mistake_leaves_no_late_fee(
    manager: Person, cashier_: Person, community: Community, home: Home
) -> None:
    issued(manager, item(community, **LATE))
    overdue(home, 100)
    asked = as_(cashier_, adjusting.ask, bill(home), -255_08, Adjustment.Reason.WRONG)
    as_(manager, adjusting.decide, asked.pk, approve=True)
    assert (bill(home).state, bill(home).late) == (BillState.PAID, 0)
