"""Making a bill smaller or larger, and giving money back: one asks, another decides."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import books, owing, returning, taking
from anju.billing.models import Adjustment, AdjustmentState, Allocation, Bill, BillState, Method, Receipt, Shift
from anju.billing.signals import bill_paid, bill_reopened
from anju.homes.actions import require_duty
from anju.homes.duties import COLLECT, DECIDE_FEES
from anju.ledger import actions as ledger
from anju.payments import actions as payments
from anju.payments.models import Payment, Refund
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused


@transaction.atomic
def ask(staff: Person, bill: Bill, delta: int, reason: Adjustment.Reason) -> Adjustment:
    """Raises Refused."""
    require_duty(staff, bill.community_id, *COLLECT.duties)
    with scope.community(bill.community_id):
        found = Bill.objects.select_for_update(of=("self",)).get(pk=bill.pk)
        if found.state not in (BillState.ISSUED, BillState.PAID):
            raise Refused("bill_closed", _("这份账单现在不能调整。"), status=409)
        if delta == 0 or found.amount + delta < found.paid:
            raise Refused("bad_delta", _("调整后不能少于已缴的本金；已缴的请先退款。"), field="delta")
        if Adjustment.objects.filter(bill=found, state=AdjustmentState.ASKED).exists():
            raise Refused("adjustment_open", _("这份账单已有一项调整在等待审批。"), status=409)
        made = Adjustment.objects.create(
            community_id=found.community_id, bill=found, delta=delta, reason=reason, asker=staff.pk
        )
    audit.record(AuditEntry.Action.ADD, made, actor=staff.pk, reason="adjustment_asked")
    return made


@transaction.atomic
def decide(staff: Person, adjustment: UUID, *, approve: bool) -> Adjustment:
    """Raises Refused."""
    with scope.platform():
        found = Adjustment.objects.select_for_update(of=("self",)).filter(pk=adjustment).first()
        if found is None or found.state != AdjustmentState.ASKED:
            raise Refused("decided", _("这项调整已经处理过了，请刷新页面。"), status=409)
        require_duty(staff, found.community_id, *DECIDE_FEES.duties)
        if found.asker == staff.pk:
            raise Refused("own_adjustment", _("不能审批自己提出的调整，请由另一位同事处理。"), status=403)
        found.state = AdjustmentState.APPROVED if approve else AdjustmentState.REFUSED
        found.decider, found.decided_at = staff.pk, timezone.now()
        if approve:
            _carry_out(found)
        found.save(update_fields=["state", "decider", "decided_at"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason=f"adjustment_{found.state}")
    return found


def _carry_out(adjustment: Adjustment) -> None:
    bill = Bill.objects.select_for_update(of=("self",)).select_related("item").get(pk=adjustment.bill_id)
    if bill.amount + adjustment.delta < bill.paid:
        raise Refused("bad_delta", _("调整后不能少于已缴的本金；已缴的请先退款。"), status=409)
    before = bill.state == BillState.PAID
    owing.count_late(bill, timezone.localdate())
    bill.amount += adjustment.delta
    bill.late = max(bill.late_paid, min(bill.late, bill.item.late.most(bill.amount)))  # of less, less at most
    settled = bill.amount == bill.paid and bill.late == bill.late_paid
    bill.state = BillState.PAID if settled else BillState.ISSUED
    bill.save(update_fields=["late", "late_to", "amount", "state"])
    if settled and not before:
        bill_paid.send(sender=Bill, bill=bill)


def give_back(staff: Person, receipt: Receipt) -> Receipt:
    """Take a receipt back: its bills are open again, and the money goes the way it came. Raises Refused.

    Cash goes out of the drawer that it was put into; what was paid ahead goes back there.
    """
    require_duty(staff, receipt.community_id, *DECIDE_FEES.duties)
    with scope.platform():
        refund = _reopen(staff, receipt)
        if refund is not None:
            payments.pursue(refund)
        return Receipt.objects.get(pk=receipt.pk)


@transaction.atomic
def _reopen(staff: Person, receipt: Receipt) -> Refund | None:
    """Returns what an institution is to give back: promised together with everything else, so that neither is without the other."""
    found = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
    if found.returned_at is not None:
        raise Refused("returned", _("这张收据已经退过了。"), status=409)
    if found.method == Method.CASH and found.shift_id is not None and _counted(found.shift_id):
        raise Refused("shift_closed", _("收款的班次已交班，请按现金支出另行办理。"), status=409)
    taking.hold(found.community_id)
    found.returned_at = timezone.now()
    found.save(update_fields=["returned_at"])
    income, day = books.income(found.community_id), timezone.localdate()
    if found.rest:
        ahead = books.ahead(found.community_id, found.home_id)
        ledger.move(f"not-ahead:{found.pk}", ahead, income, found.rest, "fees_ahead", thing=found.pk)
    for one in Allocation.objects.filter(receipt=found).order_by("bill__due", "bill__period", "bill"):
        bill = Bill.objects.select_for_update(of=("self",)).select_related("item").get(pk=one.bill_id)
        owing.count_late(bill, day)  # while it was paid, none came up
        bill.paid -= one.principal
        bill.late_paid -= one.late
        was_paid, bill.state = bill.state == BillState.PAID, BillState.ISSUED
        bill.save(update_fields=["late", "late_to", "paid", "late_paid", "state"])
        if was_paid:
            bill_reopened.send(sender=Bill, bill=bill)
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, subject=found.payer, reason="receipt_returned")
    back = _where(found)
    if back is None and found.payment is not None:
        return payments.promise(Payment.objects.get(pk=found.payment), found.amount, returning.REASON)
    if back is not None:
        ledger.move(f"returned:{found.pk}", income, back, found.amount, "fees_back", thing=found.pk)
    return None


def _counted(shift: UUID) -> bool:
    """Whether a shift's drawer has been counted; nobody counts it meanwhile."""
    return Shift.objects.select_for_update().get(pk=shift).closed_at is not None


def _where(receipt: Receipt) -> UUID | None:
    """The account that the money goes back to; None: an institution."""
    if receipt.method == Method.CASH and receipt.shift_id is not None:
        return books.drawer(receipt.community_id, receipt.shift_id)
    if receipt.method == Method.POS:
        return books.terminal(receipt.community_id)
    if receipt.method == Method.PREPAID:
        return books.ahead(receipt.community_id, receipt.home_id)
    return None
