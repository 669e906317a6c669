"""What is owed because an institution declined a refund for good: it goes back by another try, or another way."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ledger import actions as ledger
from anju.payments import actions
from anju.payments.goals import GOALS
from anju.payments.models import Payment, Refund, RefundState
from anju.privacy import scope
from anju.privacy.refusals import Refused


@transaction.atomic
def again(refund: UUID) -> Refund:
    """Promise it anew, the way it came; `actions.pursue` what this returns after the transaction. Raises Refused."""
    with scope.platform():
        held = _held(refund)
        held.state = RefundState.AGAIN
        held.save(update_fields=["state"])
        _out(held, GOALS[held.payment.kind].account(held.payment))
        return actions.promise(held.payment, held.amount, held.reason)


@transaction.atomic
def otherwise(refund: UUID, account: UUID) -> Refund:
    """It has been given back out of this account, such as a drawer's. Raises Refused."""
    with scope.platform():
        held = _held(refund)
        held.state, held.done_at = RefundState.OTHER, timezone.now()
        held.save(update_fields=["state", "done_at"])
        _out(held, account)
        GOALS[held.payment.kind].returned(held)
        return held


def _held(refund: UUID) -> Refund:
    """A declined refund for nobody else to give back meanwhile. Raises Refused."""
    payment = Payment.objects.select_for_update(no_key=True).get(refunds=refund)
    GOALS[payment.kind].hold(payment)
    held = Refund.objects.select_for_update(no_key=True).get(pk=refund)
    if held.state != RefundState.FAILED:
        raise Refused("repaid", _("这笔退款已经处理过了，请刷新页面。"), status=409)
    held.payment = payment
    return held


def _out(refund: Refund, account: UUID) -> None:
    due = actions.refunds_due(refund.community_id)
    ledger.move(
        f"{refund.state}:{refund.number}", due, account, refund.amount, f"{refund.payment.kind}_back", thing=refund.pk
    )
