"""Asking after what is open: in turn, so that nothing waits for ever."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F
from django.utils import timezone

from anju.homes.models import Community
from anju.payments import actions, tasks
from anju.payments.models import Payment, PaymentState, Refund, RefundState, Through
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from tests.payments.conftest import Bill
from tests.payments.test_paying import tell
from tests.peers.institution import Institution

MINUTE = timedelta(minutes=1)


def a_minute_later() -> None:
    with scope.platform():
        Payment.objects.update(asked_at=F("asked_at") - MINUTE, created_at=F("created_at") - MINUTE)
        Refund.objects.update(asked_at=F("asked_at") - MINUTE, at=F("at") - MINUTE)


def begun(bill: Bill, payer: Person, community: Community, count: int, through: Through) -> list[Payment]:
    return [bill.begin(payer, community, through, 100 + number) for number in range(count)]


def test_what_was_asked_after_longest_ago_comes_first(
    institution: Institution, payer: Person, community: Community, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    *_others, last = begun(bill, payer, community, 5, Through.ALIPAY)
    institution.pay_unheard(last.number)
    for _ in range(3):
        a_minute_later()
        tasks.pursue(0)
    with scope.platform():
        last.refresh_from_db()
    assert last.state == PaymentState.PAID


def test_refunds_take_turns_too(
    institution: Institution, payer: Person, community: Community, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = begun(bill, payer, community, 3, Through.WECHAT_PAY)
    for one in payments:
        tell(institution, institution.pay_unheard(one.number))
    with scope.platform():
        refunds = [actions.promise(one, 100, "overpaid") for one in Payment.objects.order_by("created_at")]
    monkeypatch.setattr(tasks, "AT_ONCE", 1)
    stuck = {one.payment.number for one in refunds[:2]}
    ask = type(actions.INSTITUTIONS[Through.WECHAT_PAY]).query_refund

    def no_answer(its: object, payer: object, number: str, refund: str) -> object:
        if number in stuck:
            raise Refused("payment_declined", "FREQUENCY_LIMITED", status=409)
        return ask(its, payer, number, refund)  # type: ignore[arg-type]

    monkeypatch.setattr(type(actions.INSTITUTIONS[Through.WECHAT_PAY]), "query_refund", no_answer)
    for _ in range(3):
        a_minute_later()
        tasks.pursue(0)
    with scope.platform():
        assert Refund.objects.get(pk=refunds[2].pk).state == RefundState.DONE


def test_one_institution_that_is_out_keeps_nobody_from_another(
    institution: Institution, payer: Person, community: Community, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", 4)
    monkeypatch.setattr(tasks, "MOST_SILENT", 2)
    silent = begun(bill, payer, community, 4, Through.WECHAT_PAY)
    [other] = begun(bill, payer, community, 1, Through.ALIPAY)
    institution.pay_unheard(other.number)
    with scope.platform():
        Payment.objects.filter(through=Through.WECHAT_PAY).update(created_at=timezone.now() - MINUTE)
    monkeypatch.setenv("ANJU_WECHAT_PAY_URL", f"http://127.0.0.1:1/{uuid4().hex}")
    tasks.pursue(0)
    with scope.platform():
        other.refresh_from_db()
        asked = Payment.objects.filter(pk__in=[one.pk for one in silent], asked_at__isnull=False).count()
    assert other.state == PaymentState.PAID
    assert asked == 2  # and the others in a minute
