"""Asking for money through an institution, learning what became of it, and giving it back.

An institution is asked outside transactions: what it has been told is written down before, and an answer that never came is
found out by asking again (tasks.py).
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.actions import require_duty
from anju.homes.duties import DECIDE_FEES
from anju.homes.models import Community
from anju.ledger import actions as ledger
from anju.ledger.models import Rule
from anju.partners.paying import Order, Outcome, Shown, State
from anju.partners.purposes import PAYING
from anju.payments.goals import GOALS
from anju.payments.institutions import INSTITUTIONS, offered
from anju.payments.models import Difference, Payment, PaymentState, Refund, RefundState, Through
from anju.payments.sources import SOURCES
from anju.people.models import Person
from anju.privacy import audit, consent, scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import AuditEntry, new_id
from anju.privacy.refusals import Refused

log = structlog.get_logger()
LASTS = timedelta(minutes=30)
MOST = 5_000_000_00
"""Fen in one payment."""
MOST_OPEN = 5
"""Orders of one payer that may be open at one institution."""
AGAIN = timedelta(seconds=3)
"""How long an institution is left alone between two questions of a waiting page."""
SLOTS = 8


def at_institution(through: str) -> UUID:
    """The account of what lies with an institution for us."""
    return ledger.open_account(f"at_{through}", Rule.DEBIT, slots=SLOTS)


def refunds_due(community: UUID) -> UUID:
    """The account of what is owed to payers whose refund an institution has declined."""
    return ledger.open_account("refunds_due", Rule.CREDIT, community=community, slots=SLOTS)


def begin(
    payer: UUID,
    community: UUID,
    through: Through,
    amount: int,
    *,
    kind: str,
    thing: UUID,
    title: str,
    shown: Shown = Shown.CODE,
    address: str = "",
) -> Payment:
    """Make an order that can be paid within half an hour. address: the payer's, for a page on the phone. Raises Refused."""
    if through not in offered(payer):
        raise Refused(
            "not_offered", _("暂不支持这种支付方式，请换一种，或到物业收费处缴费。"), status=409, field="through"
        )
    if not 0 < amount <= MOST:
        raise Refused("bad_amount", _("金额不正确，请重新填写。"), field="amount")
    consent.require(payer, PAYING)
    _require_few_open(payer, through)
    name = new_id()
    with scope.community(community), transaction.atomic():
        made = Payment.objects.create(
            id=name, community_id=community, payer=payer, through=through, number=name.hex, amount=amount, title=title,
            kind=kind, thing=thing, until=timezone.now() + LASTS,
        )  # fmt: skip
    notify = f"{settings.ORIGIN}/api/v1/payments/heard/{through}"
    order = Order(made.number, amount, title, made.until, notify, shown, address)
    try:
        opens = INSTITUTIONS[through].create(payer, order)
    except NotDelivered as error:
        raise unreachable() from error
    with scope.community(community):
        Payment.objects.filter(pk=name, state=PaymentState.CREATED).update(state=PaymentState.WAITING, opens=opens)
        return Payment.objects.get(pk=name)


def _require_few_open(payer: UUID, through: Through) -> None:
    """Each of them is asked after every minute. Raises Refused."""
    with scope.platform():
        open_ones = Payment.objects.filter(payer=payer, through=through, state__in=Payment.OPEN)
        if open_ones.count() >= MOST_OPEN:
            raise too_many_open()


def too_many_open() -> Refused:
    text = _("还有几笔订单没有付完，请先完成或取消；不付的会在半小时后自动关闭。")
    return Refused("too_many_orders", text, status=409)


def unreachable() -> Refused:
    text = _("暂时连不上支付机构，没有扣款。请稍后再试，或换一种支付方式。")
    return Refused("institution_unreachable", text, status=503)


def ask(payment: Payment) -> Payment:
    """Learn what became of an open payment, and close one whose time has passed. Raises Refused, NotDelivered."""
    institution = INSTITUTIONS[Through(payment.through)]
    with scope.platform():
        Payment.objects.filter(pk=payment.pk).update(asked_at=timezone.now())
    outcome = institution.query(payment.payer, payment.number)
    past = payment.until < timezone.now()
    if past and outcome.state in (State.WAITING, State.UNKNOWN):
        # Refused where somebody has just paid: asked again next time.
        institution.close(payment.payer, payment.number, payment.until)
        outcome = Outcome(payment.number, State.CLOSED)
    return settle(Through(payment.through), outcome) or payment


def look(payment: Payment) -> Payment:
    """What a waiting page shows: asks the institution, now and then."""
    if payment.state not in Payment.OPEN or (payment.asked_at and payment.asked_at > timezone.now() - AGAIN):
        return payment
    try:
        return ask(payment)
    except (Refused, NotDelivered) as error:
        log.info("payment_not_asked", error=type(error).__name__)
        return payment


def cancel(payment: Payment) -> Payment:
    """Whoever was to pay does not want to. Raises Refused when it is paid already."""
    if payment.state not in Payment.OPEN:
        return payment
    try:
        INSTITUTIONS[Through(payment.through)].close(payment.payer, payment.number, payment.until)
    except NotDelivered as error:
        raise unreachable() from error
    return settle(Through(payment.through), Outcome(payment.number, State.CLOSED)) or payment


def give_up(payment: Payment) -> Payment:
    """Another order takes the place of this one, which is closed if its institution lets us. Returns what it is now."""
    try:
        return cancel(payment)
    except Refused:  # somebody may have paid just now
        try:
            return ask(payment)
        except (Refused, NotDelivered) as error:
            log.info("payment_not_asked", error=type(error).__name__)
            return payment


@transaction.atomic
def settle(through: Through, outcome: Outcome) -> Payment | None:
    """Book what an institution says of an order, once however often it says so. None: the order is not ours."""
    with scope.platform():
        rows = Payment.objects.select_for_update(no_key=True)
        found = rows.filter(through=through, number=outcome.number).first()
        if found is None:
            return None
        if outcome.state is State.DONE and found.state != PaymentState.PAID:
            _paid(found, outcome)
        elif outcome.state is State.CLOSED and found.state in Payment.OPEN:
            found.state = PaymentState.CLOSED
            found.save(update_fields=["state"])
            if source := SOURCES.get(through):
                source.closed(found)
    return found


def _paid(payment: Payment, outcome: Outcome) -> None:
    if outcome.amount != payment.amount:
        _differs(payment, outcome)
        return
    payment.state, payment.theirs = PaymentState.PAID, outcome.theirs
    payment.paid_at = outcome.at or timezone.now()
    payment.save(update_fields=["state", "theirs", "paid_at"])
    goal = GOALS[payment.kind]
    goal.hold(payment)
    if source := SOURCES.get(Through(payment.through)):
        source.paid(payment)
    ledger.move(
        f"paid:{payment.number}", at_institution(payment.through), goal.account(payment), payment.amount,
        payment.kind, thing=payment.thing,
    )  # fmt: skip
    goal.paid(payment)


def _differs(payment: Payment, outcome: Outcome) -> None:
    """Another amount than was asked for: into the queue of what somebody has to clear up."""
    facts = {
        "community_id": payment.community_id, "kind": Difference.Kind.AMOUNT, "ours": payment.amount,
        "theirs": outcome.amount,
    }  # fmt: skip
    Difference.objects.get_or_create(
        through=payment.through, day=timezone.localdate(), number=payment.number, refund="", defaults=facts
    )
    log.error("payment_differs", through=payment.through)


@transaction.atomic
def clear(staff: Person, difference: int, note: str) -> None:
    """Somebody has found out what a difference is. Raises Refused."""
    note = note.strip()
    with scope.platform():
        found = Difference.objects.select_for_update().filter(pk=difference, cleared_at__isnull=True).first()
        if found is None:
            raise Refused("cleared", _("这项差异已经处理过了，请刷新页面。"), status=409)
        require_duty(staff, found.community_id or _sole_community(), *DECIDE_FEES.duties)
        if not 4 <= len(note) <= 200:
            raise Refused("bad_note", _("请写明查到的原因（4 到 200 个字）。"), field="note")
        found.cleared_at, found.cleared_by, found.note = timezone.now(), staff.pk, note
        found.save(update_fields=["cleared_at", "cleared_by", "note"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="difference_cleared")


def _sole_community() -> UUID:
    """Where there is one alone, what belongs to none is for its staff; among several for the operator, who may everywhere."""
    found = list(Community.objects.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else new_id()


def give_back(payment: Payment, amount: int, reason: str) -> Refund:
    """Give back a payment or a part of it, the way it came. Raises Refused."""
    return pursue(promise(payment, amount, reason))


def promise(payment: Payment, amount: int, reason: str) -> Refund:
    """Write down that this is given back, together with whatever else the caller's transaction says; `pursue` it after that. Raises Refused."""
    with scope.platform(), transaction.atomic():
        held = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if held.state != PaymentState.PAID:
            raise Refused("not_paid", _("这笔付款没有完成，不能退款。"), status=409)
        before = held.refunds.exclude(state=RefundState.AGAIN)
        if amount <= 0 or amount + sum(one.amount for one in before) > held.amount:
            raise Refused("refund_amount", _("退款金额超过了可退金额。"), field="amount")
        GOALS[held.kind].hold(held)
        name = new_id()
        made = Refund.objects.create(
            id=name, community_id=held.community_id, payment=held, payer=held.payer, number=name.hex,
            amount=amount, reason=reason,
        )  # fmt: skip
        ledger.reserve(
            f"refund:{made.number}", GOALS[held.kind].account(held), at_institution(held.through), amount,
            f"{held.kind}_back", thing=made.pk,
        )  # fmt: skip
    return made


def pursue(refund: Refund) -> Refund:
    """Send a refund, or learn what became of it. One that the institution did not answer is asked after later."""
    if refund.state not in Refund.OPEN:
        return refund
    payment = refund.payment
    with scope.platform():
        Refund.objects.filter(pk=refund.pk).update(asked_at=timezone.now())
    institution = INSTITUTIONS[Through(payment.through)]
    try:
        outcome = institution.query_refund(payment.payer, payment.number, refund.number)
    except (NotDelivered, Refused) as error:  # that a question is declined says nothing about the refund
        log.info("refund_not_answered", error=type(error).__name__)
        return refund
    if outcome.state is State.UNKNOWN:
        try:
            outcome = institution.refund(payment.payer, payment.number, refund.number, refund.amount, payment.amount)
        except NotDelivered:
            log.info("refund_not_answered")
            return refund
        except Refused as refused:
            log.warning("refund_declined", code=refused.code)
            outcome = Outcome(payment.number, State.CLOSED, refund=refund.number)
    return settle_refund(Through(payment.through), outcome) or refund


@transaction.atomic
def settle_refund(through: Through, outcome: Outcome) -> Refund | None:
    """Book what an institution says of a refund, once. None: it is not ours."""
    with scope.platform():
        rows = Refund.objects.select_related("payment").select_for_update(of=("self",), no_key=True)
        found = rows.filter(payment__through=through, number=outcome.refund).first()
        if found is None:
            return None
        if found.state not in Refund.OPEN:
            return found
        goal = GOALS[found.payment.kind]
        goal.hold(found.payment)
        reserved = ledger.reserved(f"refund:{found.number}")
        if outcome.state is State.DONE:
            found.state, found.done_at = RefundState.DONE, outcome.at or timezone.now()
            ledger.post(f"refunded:{found.number}", reserved)
            if source := SOURCES.get(through):
                source.returned(found)
        elif outcome.state is State.CLOSED:
            found.state = RefundState.FAILED
            ledger.void(f"not-refunded:{found.number}", reserved)
            ledger.move(
                f"due:{found.number}", goal.account(found.payment), refunds_due(found.community_id), found.amount,
                f"{found.payment.kind}_due", thing=found.pk,
            )  # fmt: skip
        else:
            found.state = RefundState.WAITING
        found.save(update_fields=["state", "done_at"])
        if found.state == RefundState.DONE:
            goal.returned(found)
        elif found.state == RefundState.FAILED:
            goal.declined(found)
    return found
