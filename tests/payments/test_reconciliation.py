"""A day's statement against our books: what differs is queued, what was unheard of is booked, what comes right is cleared."""

from datetime import date, datetime, time

import pytest
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.partners.paying import CHINA
from anju.payments import actions, reconciliation
from anju.payments.institutions import INSTITUTIONS
from anju.payments.models import Difference, Payment, PaymentState, Statement, Through
from anju.people.models import Person
from anju.privacy import scope
from tests.payments.conftest import Bill
from tests.payments.test_paying import each, state, tell
from tests.peers.institution import Institution, Order

Kind = Difference.Kind


def today(through: Through) -> date:
    """The day of its statements that it is now."""
    return (timezone.now().astimezone(CHINA) + INSTITUTIONS[through].ahead).date()


def compare(through: Through) -> tuple[Statement, list[Difference]]:
    found = reconciliation.compare(through, today(through))
    with scope.platform():
        return found, list(Difference.objects.filter(cleared_at__isnull=True).order_by("number"))


@each
def test_a_day_on_which_everything_agrees(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payments = [bill.begin(payer, community, through, 100 + number) for number in range(3)]
    for one in payments:
        tell(institution, institution.pay_unheard(one.number))
    with scope.platform():
        actions.give_back(Payment.objects.get(pk=payments[0].pk), 40, "overpaid")
    statement, differing = compare(through)
    assert (statement.lines, statement.received, statement.returned, differing) == (4, 303, 40, [])


@each
def test_what_was_paid_unheard_is_booked_from_the_statement(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    institution.pay_unheard(payment.number)
    _statement, differing = compare(through)
    assert differing == [] and state(payment) == PaymentState.PAID
    with scope.platform():
        found = Payment.objects.get().paid_at
    end = datetime.combine(today(through), time.max, CHINA) - INSTITUTIONS[through].ahead
    assert found == end  # of the statement's day, not of when it was read
    assert ledger.balance(bill.account).posted == 12_345


@each
def test_differences_are_queued_once_and_cleared_when_they_come_right(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    ours, changed, agreed = (bill.begin(payer, community, through, 500) for _ in range(3))
    for one in (ours, changed, agreed):
        tell(institution, institution.pay_unheard(one.number))
    institution.orders[changed.number].amount = 400
    hidden = institution.orders.pop(ours.number)
    by = institution.orders[agreed.number].by
    stranger = Order("f" * 32, 700, "?", "", by, state="SUCCESS", paid_at=timezone.now().astimezone(CHINA))
    institution.orders[stranger.number] = stranger
    expected = sorted(
        [
            (ours.number, Kind.ONLY_OURS, 500, None),
            (changed.number, Kind.AMOUNT, 500, 400),
            (stranger.number, Kind.ONLY_THEIRS, None, 700),
        ]
    )
    for _ in range(2):
        _statement, differing = compare(through)
        assert [(one.number, one.kind, one.ours, one.theirs) for one in differing] == expected
    institution.orders[ours.number] = hidden
    institution.orders[changed.number].amount = 500
    _statement, differing = compare(through)
    assert [one.number for one in differing] == [stranger.number]


def test_a_statement_that_was_cut_short_is_not_believed(
    institution: Institution, payer: Person, community: Community, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(institution, institution.pay_unheard(bill.begin(payer, community, Through.WECHAT_PAY).number))
    whole = institution.wechat_statement
    answers = iter([whole, lambda day: (whole(day) or "")[:-40]])
    monkeypatch.setattr(institution, "wechat_statement", lambda day: next(answers)(day))
    with pytest.raises(Exception, match="wechat_pay"):
        compare(Through.WECHAT_PAY)
    with scope.platform():
        assert not Statement.objects.exists()
