"""Refunds that an institution declined go back another way: one asks, another decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import books, cashier
from anju.billing.models import Receipt, Repayment, RepaymentState, Shift
from anju.homes.actions import require_duty
from anju.homes.duties import COLLECT, DECIDE_FEES
from anju.ledger import queries
from anju.payments import actions as payments
from anju.payments import declined
from anju.payments.models import Refund, RefundState
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused

SHORTEST, LONGEST = 4, 60


@dataclass(frozen=True)
class Due:
    """What is owed because a refund was declined. receipt: that it was of, where it was of one. asked: what waits to be decided."""

    refund: Refund
    receipt: Receipt | None
    asked: Repayment | None


def due(refunds: Iterable[Refund]) -> list[Due]:
    """Of declined refunds, what staff see."""
    found = list(refunds)
    receipts = Receipt.objects.filter(payment__in=[one.payment_id for one in found])
    by_payment = {one.payment: one for one in receipts.select_related("home__unit__building")}
    waiting = Repayment.objects.filter(refund__in=found, state=RepaymentState.ASKED)
    asked = {one.refund_id: one for one in waiting}
    return [Due(one, by_payment.get(one.payment_id), asked.get(one.pk)) for one in found]


@transaction.atomic
def ask(staff: Person, refund: Refund, way: Repayment.Way, note: str) -> Repayment:
    """Say how it is to go back. Cash comes out of the asker's own drawer. Raises Refused."""
    require_duty(staff, refund.community_id, *COLLECT.duties)
    note = note.strip()
    if not SHORTEST <= len(note) <= LONGEST:
        facts = {"shortest": SHORTEST, "longest": LONGEST}
        raise Refused(
            "bad_note", _("请写明办理说明或凭证号（%(shortest)s 到 %(longest)s 个字）。") % facts, field="note"
        )
    with scope.community(refund.community_id):
        held = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
        if held.state != RefundState.FAILED:
            raise Refused("repaid", _("这笔退款已经处理过了，请刷新页面。"), status=409)
        shift = cashier.own_shift(staff, held.community_id) if way == Repayment.Way.CASH else None
        try:
            with transaction.atomic():
                made = Repayment.objects.create(
                    community_id=held.community_id, refund=held, way=way, note=note, shift=shift, asker=staff.pk
                )
        except IntegrityError as error:
            raise Refused("repayment_open", _("这笔退款已有人申请办理，正在等待审批。"), status=409) from error
    audit.record(AuditEntry.Action.ADD, made, actor=staff.pk, subject=refund.payer, reason="repayment_asked")
    return made


def decide(staff: Person, repayment: UUID, *, approve: bool) -> Repayment:
    """Raises Refused."""
    with scope.platform():
        done, sent = _decide(staff, repayment, approve=approve)
        if sent is not None:
            payments.pursue(sent)
    return done


@transaction.atomic
def _decide(staff: Person, repayment: UUID, *, approve: bool) -> tuple[Repayment, Refund | None]:
    """Returns what was decided, and what an institution is to give back."""
    found = Repayment.objects.select_for_update(of=("self",)).filter(pk=repayment).first()
    if found is None or found.state != RepaymentState.ASKED:
        raise Refused("decided", _("这项申请已经处理过了，请刷新页面。"), status=409)
    require_duty(staff, found.community_id, *DECIDE_FEES.duties)
    if found.asker == staff.pk:
        raise Refused("own_repayment", _("不能审批自己提出的申请，请由另一位同事处理。"), status=403)
    found.state = RepaymentState.APPROVED if approve else RepaymentState.REFUSED
    found.decider, found.decided_at = staff.pk, timezone.now()
    found.save(update_fields=["state", "decider", "decided_at"])
    sent = _carry_out(found) if approve else None
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason=f"repayment_{found.state}")
    return found, sent


def _carry_out(repayment: Repayment) -> Refund | None:
    """Book it. Returns what an institution is to be asked for."""
    if repayment.way == Repayment.Way.AGAIN:
        return declined.again(repayment.refund_id)
    declined.otherwise(repayment.refund_id, _out_of(repayment))
    return None


def _out_of(repayment: Repayment) -> UUID:
    """The account that the money leaves. Raises Refused."""
    if repayment.shift_id is None:
        return books.bank(repayment.community_id)
    shift = Shift.objects.select_for_update().get(pk=repayment.shift_id)
    if shift.closed_at is not None:
        raise Refused("shift_closed", _("付款的班次已交班，请退回这项申请，由当班收费员重新提出。"), status=409)
    drawer = books.drawer(repayment.community_id, shift.pk)
    if -queries.balance(drawer).posted < repayment.refund.amount:
        raise Refused("drawer_short", _("这个班次收到的现金不够退，请退回这项申请，改用银行转账。"), status=409)
    return drawer
