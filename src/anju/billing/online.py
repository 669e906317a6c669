"""Residents pay by an institution."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import books, owing, returning, taking
from anju.billing.models import Checkout, Method, PayLink, Receipt
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import Shown, yuan
from anju.payments import actions as payments
from anju.payments.goals import Goal
from anju.payments.models import Payment, PaymentState, Refund, Through
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused

KIND = "fees"
LEFT = timedelta(minutes=5)
"""How long an order must last still for somebody to be sent to it again."""


def begin(
    person: Person, home: UUID, bills: list[UUID], through: Through, *, shown: Shown, address: str,
    link: PayLink | None = None,
) -> Payment:  # fmt: skip
    """Make an order for what these bills come to now, in place of those that were open for them. Raises Refused."""
    member = owing.membership(person, home)
    with scope.community(member.community_id):
        chosen = owing.chosen(member, bills)
        amount = sum(owing.owed(one).total for one in chosen)
        if amount == 0:
            raise Refused("nothing_owed", _("这些账单已经缴清。"), status=409)
        made = Checkout(
            id=new_id(), community_id=member.community_id, payer=person.pk, home_id=home, amount=amount, shown=shown,
            link=link, bills=sorted(str(one.pk) for one in chosen),
        )  # fmt: skip
        if (same := _instead_of(made, through)) is not None:
            return same
        made.save()
    return payments.begin(
        person.pk, member.community_id, through, amount,
        kind=KIND, thing=made.pk, title=_("物业缴费"), shown=shown, address=address,
    )  # fmt: skip


def _instead_of(made: Checkout, through: Through) -> Payment | None:
    """Close what the payer, or the link, has open for any of these bills. Returns the order that is just this one. Raises Refused."""
    for payment, before in _open(made):
        lasts = payment.until > timezone.now() + LEFT
        same = (payment.through, before.bills, before.amount, before.shown) == (
            through, made.bills, made.amount, made.shown,
        )  # fmt: skip
        if same and lasts and payment.state == PaymentState.WAITING:
            return payment
        if payments.give_up(payment).state == PaymentState.PAID:
            raise Refused("just_paid", _("这些账单刚刚已经支付，请刷新页面。"), status=409)
    return None


def _open(made: Checkout) -> list[tuple[Payment, Checkout]]:
    """Open orders of the same payer and link for bills that are among these."""
    orders = Payment.objects.filter(payer=made.payer, kind=KIND, state__in=Payment.OPEN)
    by_thing = {one.thing: one for one in orders}
    rows = Checkout.objects.filter(pk__in=by_thing, home=made.home_id, link=made.link)
    return [(by_thing[one.pk], one) for one in rows if not set(made.bills).isdisjoint(one.bills)]


def _account(payment: Payment) -> UUID:
    return books.income(payment.community_id)


def _hold(payment: Payment) -> None:
    taking.hold(payment.community_id)


def _paid(payment: Payment) -> None:
    """Lay it against the bills it was for; those that somebody else has paid meanwhile make it a payment ahead."""
    checkout = Checkout.objects.select_related("home__unit__building").get(pk=payment.thing)
    bills = taking.locked(checkout.home_id, checkout.bills)
    receipt = taking.take(
        checkout.home, bills, payment.amount, Method(payment.through), payer=payment.payer, payment=payment.pk
    )
    _tell(receipt)


def _tell(receipt: Receipt) -> None:
    person = Person.objects.filter(pk=receipt.payer).first() if receipt.payer else None
    if person is None:
        return
    with notices.language_of(person):
        facts = {"home": receipt.home.label, "amount": yuan(receipt.amount), "number": str(receipt)}
        body = _("%(home)s已缴 %(amount)s 元，收据号 %(number)s。") % facts
        notices.tell(person, NoticeKind.FEES, _("缴费成功"), body)
    notices.announce(f"community.{receipt.community_id}", "fees", {"receipt": str(receipt.pk)})


def _returned(refund: Refund) -> None:
    """Nothing is owed anew by a refund alone: whoever gave it has said which bills it reopens (adjusting.py)."""
    returning.tell(refund)


Goal(KIND, _account, _paid, _returned, _hold, returning.tell)
