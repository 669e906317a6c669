"""Money that comes in for a home: laid against its bills, oldest first, what is left kept for later ones."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from anju.billing import books, owing
from anju.billing.models import Allocation, Bill, BillState, Method, Receipt, Shift
from anju.billing.signals import bill_paid
from anju.homes.models import Community, Home
from anju.ledger import actions as ledger


@dataclass(frozen=True)
class Part:
    """What one bill gets. Fen."""

    bill: Bill
    principal: int
    late: int


def lay(bills: Iterable[Bill], amount: int, day: date) -> list[Part]:
    """Divide an amount over bills in their order: of each the fee for paying late first, then the principal."""
    parts = []
    for bill in bills:
        wanted = owing.owed(bill, day)
        late = min(amount, wanted.late)
        principal = min(amount - late, wanted.principal)
        if late or principal:
            parts.append(Part(bill, principal, late))
            amount -= late + principal
    return parts


def locked(home: UUID, only: Collection[str] | None = None) -> list[Bill]:
    """A home's open bills, oldest first, for nobody else to pay meanwhile. only: ids."""
    rows = Bill.objects.select_for_update(of=("self",)).select_related("item").filter(home=home, state=BillState.ISSUED)
    if only is not None:
        rows = rows.filter(pk__in=only)
    return list(rows.order_by("due", "period", "id"))


def take(
    home: Home, bills: list[Bill], amount: int, method: Method, *, payer: UUID | None = None, shift: Shift | None = None,
    payment: UUID | None = None,
) -> Receipt:  # fmt: skip
    """Book an amount that has come in on the community's income account.

    Inside a transaction of the caller's, who holds the community and has locked the bills.
    """
    day = timezone.localdate()
    parts = lay(bills, amount, day)
    rest = amount - sum(one.principal + one.late for one in parts)
    receipt = Receipt.objects.create(
        community_id=home.community_id, number=_number(home.community_id), payer=payer, home=home, method=method,
        amount=amount, rest=rest, shift=shift, payment=payment,
    )  # fmt: skip
    for one in parts:
        bill = one.bill
        owing.count_late(bill, day)
        bill.paid += one.principal
        bill.late_paid += one.late
        if owing.owed(bill, day).total == 0:
            bill.state = BillState.PAID
        bill.save(update_fields=["late", "late_to", "paid", "late_paid", "state"])
        if bill.state == BillState.PAID:
            bill_paid.send(sender=Bill, bill=bill)
    Allocation.objects.bulk_create(
        Allocation(
            community_id=home.community_id, receipt=receipt, bill=one.bill, principal=one.principal, late=one.late
        )
        for one in parts
    )
    if rest:
        income, ahead = books.income(home.community_id), books.ahead(home.community_id, home.pk)
        ledger.move(f"ahead:{receipt.pk}", income, ahead, rest, "fees_ahead", thing=receipt.pk)
    return receipt


def set_aside(bill: Bill) -> int:
    """What has been paid of a bill that is owed no more is kept for the home's later ones. Returns how much, in fen.

    Inside a transaction of the caller's, who holds the community, has locked the bill and saves it.
    """
    whole, rows = 0, Allocation.objects.filter(bill=bill, receipt__returned_at__isnull=True)
    for one in rows.select_related("receipt").order_by("receipt"):
        receipt, amount = one.receipt, one.principal + one.late
        whole += amount
        income, ahead = books.income(bill.community_id), books.ahead(bill.community_id, bill.home_id)
        ledger.move(f"aside:{one.pk}", income, ahead, amount, "fees_ahead", thing=receipt.pk)
        receipt.rest += amount
        receipt.save(update_fields=["rest"])
        one.delete()
    bill.paid, bill.late_paid = 0, 0
    return whole


def hold(community: UUID, *, wait: bool = True) -> None:
    """Whoever takes or gives back money in this community meanwhile waits. To be asked for before bills and books are locked.

    wait: for whoever has it now; without it raises OperationalError.
    """
    Community.objects.select_for_update(no_key=True, nowait=not wait).get(pk=community)


def _number(community: UUID) -> int:
    """The next receipt's; nobody else takes one meanwhile (`hold`)."""
    return (Receipt.objects.filter(community=community).aggregate(last=Max("number"))["last"] or 0) + 1
