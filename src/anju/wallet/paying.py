"""Paying what is paid for by institutions from one's wallet: the balance, or a bank card bound to it."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ledger import actions as ledger
from anju.partners.paying import Outcome, State
from anju.payments import actions as payments
from anju.payments.goals import GOALS
from anju.payments.models import Payment, PaymentState, Refund, Through
from anju.payments.sources import Source
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.wallet import books, moving
from anju.wallet.models import Card, Movement, MovementKind, MovementState, Wallet, WalletState


@transaction.atomic
def begin(wallet: Wallet, name: UUID, card: Card | None) -> Movement:
    """Write down that an order that waits is paid. An attempt that waits for the bank's code gives way to this one. Raises Refused."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=name)
    if payment.through != Through.WALLET or payment.state not in Payment.OPEN:
        raise Refused("not_open", _("这笔付款已经完成或关闭，请刷新页面。"), status=409)
    if (before := moving.of_payment(payment.pk)) is not None:
        gone = moving.decide(before, State.CLOSED, reason="replaced", only_from=MovementState.CODE)
        if gone.state in Movement.OPEN:
            raise Refused("being_done", _("上一次付款还在处理，请稍候。"), status=409)
    by_card = card is not None
    return moving.write_down(
        wallet, MovementKind.PAY, payment.amount, card=card, by_card=by_card, thing=payment.pk, order=payment.number
    )


def _offered(person: UUID) -> bool:
    with scope.person(person):
        return Wallet.objects.filter(pk=person, state=WalletState.OPEN).exists()


def _told(moved: Movement) -> None:
    """The institution has said so of the movement first: the payment hears of it in the same transaction."""
    if moved.state == MovementState.DONE:
        with scope.platform():
            payment = Payment.objects.get(number=moved.order)
        if payment.state != PaymentState.PAID:
            outcome = Outcome(payment.number, State.DONE, payment.amount, at=moved.done_at)
            payments.settle(Through.WALLET, outcome)


def _paid(payment: Payment) -> None:
    """What was reserved of the balance goes; what came from a card lies with the custodian anew."""
    moved = moving.of_payment(payment.pk)
    if moved is not None:
        moving.decide(moved, State.DONE)


def _closed(payment: Payment) -> None:
    moved = moving.of_payment(payment.pk)
    if moved is not None:
        moving.decide(moved, State.CLOSED, reason="closed")


def _returned(refund: Refund) -> None:
    """What was paid from the balance is on the balance again; what came from a card has gone back to it."""
    with scope.platform():
        paid = Movement.objects.filter(thing=refund.payment_id, kind=MovementKind.PAY, state=MovementState.DONE).first()
    if paid is not None and not paid.by_card:
        ledger.move(
            f"wallet-back:{refund.number}", books.custody(), books.wallet(refund.payer), refund.amount, "wallet_back",
            thing=refund.pk,
        )  # fmt: skip


def _hold(moved: Movement) -> None:
    """Whoever comes from the payment has locked it before, and then what its goal needs."""
    payment = Payment.objects.select_for_update(no_key=True).get(number=moved.order)
    GOALS[payment.kind].hold(payment)


def _end(moved: Movement) -> None:
    """The order is closed with it, and somebody who still wants to pay makes another. Raises Refused."""
    with scope.platform():
        payment = Payment.objects.get(number=moved.order)
    payments.cancel(payment)


moving.ENDS[MovementKind.PAY] = _end
moving.TOLD[MovementKind.PAY] = _told
moving.HOLDS[MovementKind.PAY] = _hold
Source(Through.WALLET, _offered, _paid, _closed, _returned)
