"""Paying through an institution that behaves, and through one that does not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.partners.purposes import PAYING
from anju.partners.wechat_pay import WeChatPayInstitution
from anju.payments import actions, tasks
from anju.payments.models import Difference, Payment, PaymentState, RefundState, Through
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from tests import factories
from tests.payments.conftest import Bill
from tests.peers.institution import Institution, Order

OUTSIDE = (Through.WECHAT_PAY, Through.ALIPAY, Through.UNIONPAY)
"""Those who are paid on pages of their own."""
each = pytest.mark.parametrize("through", OUTSIDE)
closing = pytest.mark.parametrize("through", [Through.WECHAT_PAY, Through.ALIPAY])
"""Those that close an order when they are asked to."""
BY = {"wechat": Through.WECHAT_PAY, "alipay": Through.ALIPAY, "unionpay": Through.UNIONPAY}


def tell(institution: Institution, order: Order, *, age: int = 0, to: Through | None = None) -> int:
    """The institution notifies us, by the public door. Returns the status it gets."""
    headers, body = institution.notification(order, age=age)
    return post(to or BY[order.by], headers, body)


def post(through: Through, headers: dict[str, str], body: bytes) -> int:
    more = {name: text for name, text in headers.items() if name != "Content-Type"}
    kind = headers["Content-Type"]
    return Client().post(f"/api/v1/payments/heard/{through}", body, content_type=kind, headers=more).status_code


def state(payment: Payment) -> str:
    with scope.platform():
        return Payment.objects.get(pk=payment.pk).state


@each
def test_what_is_paid_is_heard_booked_and_told_once(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    assert payment.state == PaymentState.WAITING and payment.number in payment.opens
    order = institution.pay_unheard(payment.number)
    assert [tell(institution, order) for _ in range(3)] == [200, 200, 200]
    assert state(payment) == PaymentState.PAID
    assert bill.told == [("paid", 12_345)]
    assert ledger.balance(bill.account).posted == 12_345
    assert ledger.balance(actions.at_institution(through)).posted == -12_345
    assert ledger.problems() == []


@each
def test_what_nobody_told_us_is_found_out_by_asking(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    tasks.pursue(0)
    assert state(payment) == PaymentState.WAITING
    institution.pay_unheard(payment.number)
    with scope.platform():
        Payment.objects.update(asked_at=None)
    tasks.pursue(0)
    assert state(payment) == PaymentState.PAID
    assert bill.told == [("paid", 12_345)]


@closing
def test_an_order_past_its_time_is_closed_there_and_here(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    with scope.platform():
        Payment.objects.update(until=timezone.now() - timedelta(seconds=1))
    tasks.pursue(0)
    assert state(payment) == PaymentState.CLOSED
    assert institution.orders[payment.number].state == "CLOSED"


@each
def test_an_answer_that_never_came_loses_no_money(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    institution.faults.lose = 1
    with pytest.raises(Refused, match="institution_unreachable"):
        bill.begin(payer, community, through)
    with scope.platform():
        payment = Payment.objects.get()
    assert payment.state == PaymentState.CREATED
    institution.pay_unheard(payment.number)  # it did arrive, and somebody scanned it
    tasks.pursue(0)
    assert state(payment) == PaymentState.PAID


@each
def test_an_institution_that_is_out_is_said_to_be_and_takes_nothing(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    institution.faults.out = True
    with pytest.raises(Refused, match="institution_unreachable"):
        bill.begin(payer, community, through)
    tasks.pursue(0)  # still out: asked again later
    institution.faults.out = False
    with scope.platform():
        Payment.objects.update(asked_at=None, until=timezone.now() - timedelta(minutes=3))
        payment = Payment.objects.get()
    tasks.pursue(0)
    assert state(payment) == PaymentState.CLOSED


@each
def test_an_answer_that_they_did_not_sign_is_no_answer(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    institution.pay_unheard(payment.number)
    institution.faults.wrong_key = True
    tasks.pursue(0)
    assert state(payment) == PaymentState.WAITING


@each
def test_nobody_else_tells_us_that_something_is_paid(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    order = institution.pay_unheard(payment.number)
    institution.faults.wrong_key = True
    assert tell(institution, order) == 401
    institution.faults.wrong_key = False
    other = Through.ALIPAY if through == Through.WECHAT_PAY else Through.WECHAT_PAY
    assert tell(institution, order, to=other) == 401
    assert state(payment) == PaymentState.WAITING and bill.told == []


def test_an_old_notification_is_not_taken(
    institution: Institution, payer: Person, community: Community, bill: Bill
) -> None:
    payment = bill.begin(payer, community, Through.WECHAT_PAY)
    assert tell(institution, institution.pay_unheard(payment.number), age=600) == 401
    assert state(payment) == PaymentState.WAITING


@each
def test_another_amount_than_was_asked_for_is_for_somebody_to_look_at(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    order = institution.pay_unheard(payment.number)
    order.amount = 1
    assert tell(institution, order) == 200
    assert state(payment) == PaymentState.WAITING and bill.told == []
    with scope.platform():
        [one] = Difference.objects.all()
    assert (one.kind, one.ours, one.theirs) == (Difference.Kind.AMOUNT, 12_345, 1)


@closing
def test_whoever_changes_their_mind_closes_the_order_unless_it_is_paid(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    assert actions.cancel(payment).state == PaymentState.CLOSED
    other = bill.begin(payer, community, through)
    institution.pay_unheard(other.number)
    with pytest.raises(Refused, match="payment_declined"):
        actions.cancel(other)


@each
def test_money_goes_back_the_way_it_came_once(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    tell(institution, institution.pay_unheard(payment.number))
    with scope.platform():
        payment.refresh_from_db()
    institution.faults.spare = 2 if through == Through.UNIONPAY else 1  # which is asked for the payment's number first
    institution.faults.lose = 1  # it pays back, and its answer gets lost
    refund = actions.give_back(payment, 2_345, "overpaid")
    assert refund.state == RefundState.SENT  # nobody knows yet
    assert institution.orders[payment.number].back == {refund.number: 2_345}
    assert ledger.balance(bill.account) == ledger.Amount(12_345, 2_345)
    refund = actions.pursue(refund)
    assert refund.state == RefundState.DONE
    assert actions.pursue(refund).state == RefundState.DONE
    assert institution.orders[payment.number].back == {refund.number: 2_345}
    assert ledger.balance(bill.account) == ledger.Amount(10_000, 0)
    assert bill.told == [("paid", 12_345), ("returned", 2_345)]
    with pytest.raises(Refused, match="refund_amount"):
        actions.give_back(payment, 10_001, "overpaid")
    assert ledger.problems() == []


@each
def test_money_goes_back_also_to_who_has_taken_their_consent_back(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    tell(institution, institution.pay_unheard(payment.number))
    consent.withdraw(payer.pk, PAYING)
    with scope.platform():
        payment.refresh_from_db()
    assert actions.give_back(payment, 12_345, "overpaid").state == RefundState.DONE
    with pytest.raises(Refused, match="consent"):
        bill.begin(payer, community, through)


def test_nothing_goes_to_an_institution_that_was_not_agreed_to(
    institution: Institution, community: Community, bill: Bill
) -> None:
    with pytest.raises(Refused, match="consent"):
        bill.begin(factories.person(), community, Through.WECHAT_PAY)
    assert institution.orders == {}


@each
def test_what_went_to_them_is_on_the_record_and_no_more_than_that(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    bill.begin(payer, community, through)
    with scope.platform():
        [row] = Sharing.objects.filter(subject=payer.pk)
    title = [] if through == Through.UNIONPAY else ["title"]
    assert (row.recipient, sorted(row.fields)) == (through, ["amount", "order", *title])


def test_without_a_contract_nothing_is_offered(payer: Person, community: Community, bill: Bill) -> None:
    with pytest.raises(Refused, match="not_offered"):
        bill.begin(payer, community, Through.WECHAT_PAY)


def test_a_question_that_is_declined_says_nothing_about_the_refund(
    institution: Institution, payer: Person, community: Community, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = bill.begin(payer, community, Through.WECHAT_PAY)
    tell(institution, institution.pay_unheard(payment.number))
    with scope.platform():
        payment.refresh_from_db()

    def declined(*_asked: object) -> None:
        raise Refused("payment_declined", "SIGN_ERROR", status=409)

    with monkeypatch.context() as patched:
        patched.setattr(WeChatPayInstitution, "query_refund", declined)
        refund = actions.give_back(payment, 345, "overpaid")
    assert refund.state == RefundState.SENT and ledger.balance(bill.account).held == 345
    assert actions.pursue(refund).state == RefundState.DONE
