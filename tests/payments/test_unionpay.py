"""What is UnionPay's own: certificates, orders that it closes not, a day that begins at eleven in the evening."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.partners import unionpay
from anju.partners.paying import CHINA, Forged
from anju.partners.unionpay_signatures import Trust
from anju.payments import actions, reconciliation, tasks
from anju.payments.models import Difference, Payment, PaymentState, RefundState, Statement, Through
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.refusals import Refused
from tests.payments.conftest import Bill
from tests.payments.test_paying import post, state, tell
from tests.peers.institution import Institution
from tests.peers.unionpay import MERCHANT, OWN, Chain, UnionPay, pem, signed, with_sha1

UNIONPAY = Through.UNIONPAY


@pytest.fixture
def payment(institution: Institution, payer: Person, community: Community, bill: Bill) -> Payment:
    return bill.begin(payer, community, UNIONPAY)


def paid(institution: Institution, payment: Payment) -> Payment:
    tell(institution, institution.pay_unheard(payment.number))
    with scope.platform():
        payment.refresh_from_db()
    assert payment.state == PaymentState.PAID
    return payment


def ended(ago: timedelta) -> None:
    """Its time was over so long ago."""
    with scope.platform():
        Payment.objects.update(asked_at=None, until=timezone.now() - ago)


# notifications


def test_only_the_chain_of_the_contract_counts_and_only_in_its_time(
    institution: Institution, beside: UnionPay, payment: Payment, bill: Bill
) -> None:
    order = institution.pay_unheard(payment.number)
    own = beside.chain
    forged = {
        "another chain": Chain.made(OWN),
        "a certificate that is over": own.issued(days=(-30, -1)),
        "one that has not begun": own.issued(days=(1, 30)),
        "another's, by the same middle": own.issued("041@Z2015@某某支付有限公司@00000001"),
        "one that ends in the name": own.issued("x@x@x@中国银联股份有限公司"),
        "one without a name": own.issued("中国银联股份有限公司"),
        "the middle itself, which is no UnionPay": Chain(
            own.root, own.middle, own.middle, own.middle_key, own.middle_key
        ),
    }
    for what, chain in forged.items():
        assert post(UNIONPAY, *beside.notification(order, chain)) == 401, what
    assert state(payment) == PaymentState.WAITING and bill.told == []
    assert post(UNIONPAY, *beside.notification(order, own.issued())) == 200  # renewed
    assert bill.told == [("paid", 12_345)]


def test_certificates_signed_as_they_were_for_long_count_too(
    institution: Institution, beside: UnionPay, payment: Payment
) -> None:
    order = institution.pay_unheard(payment.number)
    own = beside.chain.issued()
    own.own = with_sha1(own.own, own.middle_key)
    stranger = Chain.made(OWN)
    stranger.own = with_sha1(stranger.own, stranger.middle_key)
    assert post(UNIONPAY, *beside.notification(order, stranger)) == 401
    assert post(UNIONPAY, *beside.notification(order, own)) == 200
    assert state(payment) == PaymentState.PAID


def test_a_certificate_that_unionpays_own_certificate_issued_is_none(
    institution: Institution, beside: UnionPay, payment: Payment
) -> None:
    order = institution.pay_unheard(payment.number)
    own = beside.chain
    from_leaf = Chain(own.root, own.own, own.own, own.key, own.key).issued()
    assert post(UNIONPAY, *beside.notification(order, from_leaf)) == 401
    assert state(payment) == PaymentState.WAITING


def test_what_unionpay_says_to_others_or_says_when_asked_pays_nothing(
    institution: Institution, beside: UnionPay, payment: Payment, bill: Bill
) -> None:
    order = institution.orders[payment.number]
    assert post(UNIONPAY, *beside.notification(order, merId="777290058110098")) == 401
    assert post(UNIONPAY, *beside.notification(order, txnType="00")) == 401
    answer = beside.said[-1]
    assert answer["orderId"] == payment.number and answer["respCode"] == "00"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(UNIONPAY, form, urlencode(answer).encode()) == 401  # what it answered when the order was made
    assert post(UNIONPAY, form, b"") == 401
    assert state(payment) == PaymentState.WAITING and bill.told == []


def test_an_amount_in_another_currency_is_not_taken_for_yuan(
    institution: Institution, beside: UnionPay, payment: Payment, bill: Bill
) -> None:
    order = institution.pay_unheard(payment.number)
    assert post(UNIONPAY, *beside.notification(order, currencyCode="392")) == 200
    assert state(payment) == PaymentState.WAITING and bill.told == []
    with scope.platform():
        assert Difference.objects.get().kind == Difference.Kind.AMOUNT


def test_a_payment_that_failed_books_nothing(
    institution: Institution, beside: UnionPay, payment: Payment, bill: Bill
) -> None:
    order = institution.orders[payment.number]
    assert post(UNIONPAY, *beside.notification(order, respCode="01")) == 200
    assert state(payment) == PaymentState.CLOSED and bill.told == []
    assert post(UNIONPAY, *beside.notification(institution.pay_unheard(payment.number))) == 200  # with another card
    assert state(payment) == PaymentState.PAID and bill.told == [("paid", 12_345)]


def test_when_it_was_paid_is_known_across_the_year(
    institution: Institution, beside: UnionPay, payment: Payment
) -> None:
    order = institution.pay_unheard(payment.number)
    made = unionpay._made(payment.number)
    assert post(UNIONPAY, *beside.notification(order, traceTime=f"{made + timedelta(seconds=5):%m%d%H%M%S}")) == 200
    with scope.platform():
        payment.refresh_from_db()
    assert payment.paid_at == made.replace(microsecond=0) + timedelta(seconds=5)
    number = f"{int(datetime(2026, 12, 31, 23, 59, 58, tzinfo=CHINA).timestamp() * 1000):012x}{'0' * 20}"
    assert unionpay._moved("0101000003", number) == datetime(2027, 1, 1, 0, 0, 3, tzinfo=CHINA)


# orders that nobody closes


def test_an_order_ends_by_itself_and_says_until_when(institution: Institution, payment: Payment) -> None:
    with pytest.raises(Refused, match="closes_itself") as refused:
        actions.cancel(payment)
    assert f"{(payment.until + unionpay._LATE).astimezone(CHINA):%H:%M}" in refused.value.message
    assert state(payment) == PaymentState.WAITING
    ended(timedelta(minutes=1))
    tasks.pursue(0)
    assert state(payment) == PaymentState.WAITING  # a payment that was begun in time may still come
    ended(timedelta(minutes=3))
    tasks.pursue(0)
    assert state(payment) == PaymentState.CLOSED


def test_what_is_paid_cannot_be_given_up(institution: Institution, payment: Payment) -> None:
    institution.pay_unheard(payment.number)
    with pytest.raises(Refused, match="payment_declined"):
        actions.cancel(payment)


def test_money_that_comes_after_we_closed_is_booked(institution: Institution, payment: Payment, bill: Bill) -> None:
    ended(timedelta(minutes=3))
    tasks.pursue(0)
    assert state(payment) == PaymentState.CLOSED
    assert tell(institution, institution.pay_unheard(payment.number)) == 200
    assert state(payment) == PaymentState.PAID and bill.told == [("paid", 12_345)]
    assert ledger.balance(bill.account).posted == 12_345 and ledger.problems() == []


# refunds


def test_a_refund_is_heard_of_as_well(institution: Institution, beside: UnionPay, payment: Payment, bill: Bill) -> None:
    paid(institution, payment)
    institution.faults.spare, institution.faults.lose = 2, 1  # its answer gets lost
    refund = actions.give_back(payment, 345, "overpaid")
    assert refund.state == RefundState.SENT
    assert post(UNIONPAY, *beside.back_notification(refund.number)) == 200
    with scope.platform():
        refund.refresh_from_db()
    assert refund.state == RefundState.DONE and bill.told[-1] == ("returned", 345)
    assert beside.backs[refund.number].reserved == payment.number


def test_what_was_not_paid_there_is_not_given_back(
    institution: Institution, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(institution, payment)
    institution.orders[payment.number].paid_at = None
    assert actions.give_back(payment, 345, "overpaid").state == RefundState.FAILED


# statements


def late_in_the_evening() -> datetime:
    """Half an hour before midnight, yesterday."""
    midnight = timezone.now().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(minutes=30)


def test_what_is_paid_after_eleven_belongs_to_the_next_day(institution: Institution, payment: Payment) -> None:
    at = late_in_the_evening()
    institution.faults.silent = True
    institution.pay(payment.number, at)
    with scope.platform():
        Payment.objects.update(state=PaymentState.PAID, paid_at=at)
    before = reconciliation.compare(UNIONPAY, at.date())
    after = reconciliation.compare(UNIONPAY, at.date() + timedelta(days=1))
    assert (before.lines, after.lines) == (0, 1)
    with scope.platform():
        assert not Difference.objects.exists()


@pytest.mark.parametrize("broken", ["cut", "bytes", "columns"])
def test_a_statement_that_cannot_be_read_whole_is_not_believed(
    institution: Institution, beside: UnionPay, payment: Payment, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(institution, payment)
    whole_file, whole_text = beside._file, beside.statement
    if broken == "columns":
        monkeypatch.setattr(beside, "statement", lambda day: whole_text(day)[:200])
    else:
        keep = slice(0, -40) if broken == "cut" else slice(1, None)

        def torn(day: str) -> dict[str, str]:
            said = whole_file(day)
            return {**said, "fileContent": said["fileContent"][keep]}

        monkeypatch.setattr(beside, "_file", torn)
    today = (timezone.now().astimezone(CHINA) + timedelta(hours=1)).date()
    with pytest.raises(NotDelivered):
        reconciliation.compare(UNIONPAY, today)
    with scope.platform():
        assert not Statement.objects.exists()


# what is asked of it


def test_each_form_was_filled_in_as_the_documents_say(
    institution: Institution, beside: UnionPay, payment: Payment
) -> None:
    institution.unreadable.clear()
    paid(institution, payment)
    actions.give_back(payment, 45, "overpaid")
    reconciliation.compare(UNIONPAY, (timezone.now().astimezone(CHINA) + timedelta(hours=1)).date())
    assert institution.unreadable == [] and {one["merId"] for one in beside.said} == {MERCHANT}


def test_a_key_that_is_not_the_contracts_is_refused_there(
    institution: Institution,
    beside: UnionPay,
    payer: Person,
    community: Community,
    bill: Bill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beside, "merchant", Chain.made("another merchant"))
    with pytest.raises(Refused, match="payment_declined"):
        bill.begin(payer, community, UNIONPAY)
    assert institution.orders == {}


def test_an_answer_about_another_order_is_no_answer(
    institution: Institution, beside: UnionPay, payment: Payment, payer: Person, community: Community, bill: Bill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    other = bill.begin(payer, community, UNIONPAY)
    institution.pay_unheard(other.number)
    about = beside._done({"txnType": "00", "orderId": other.number, "txnTime": beside.seconds[other.number]})
    monkeypatch.setattr(beside, "carry_out", lambda *_asked: about)
    tasks.pursue(0)
    assert state(payment) == PaymentState.WAITING


def test_test_certificates_count_at_the_test_environment_only(tmp_path: Path) -> None:
    chain = Chain.made("041@Z2017-11-1@00040000:SIGN@00000001")
    fields = signed({"merId": MERCHANT}, chain)
    roots, middles = pem(chain.root), pem(chain.middle)
    Trust.read(roots, middles, "00040000:SIGN").require(fields)
    with pytest.raises(Forged, match="another's"):
        Trust.read(roots, middles).require(fields)
    with pytest.raises(Forged, match="issuer"):  # a root that is over stands behind nothing
        Trust.read(roots, middles, "00040000:SIGN").require(fields, datetime.now(UTC) + timedelta(days=400))


def test_the_operating_systems_list_has_also_where_statements_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unionpay.UNIONPAY.places() == []
    monkeypatch.setenv("ANJU_UNIONPAY_MERID", MERCHANT)
    assert unionpay.UNIONPAY.places() == [("gateway.95516.com", 443), ("filedownload.95516.com", 443)]
