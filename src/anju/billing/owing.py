"""What bills come to on a day, and whose they are to see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing.models import Bill, BillState
from anju.homes.models import Member, Role
from anju.people.models import Person
from anju.privacy.refusals import Refused


@dataclass(frozen=True)
class Owed:
    """Fen that are still to be paid of one bill. late: of that, fees for paying late."""

    principal: int
    late: int

    @property
    def total(self) -> int:
        return self.principal + self.late


def late_by(bill: Bill, day: date) -> int:
    """All fees for paying late that this bill has come to by a day, paid or not."""
    if bill.due is None:
        return 0
    rule = bill.item.late
    more = rule.accrued(bill.amount - bill.paid, bill.due, bill.late_to or bill.due, day)
    return max(bill.late, min(bill.late + more, rule.most(bill.amount)))


def count_late(bill: Bill, day: date) -> None:
    """Write down the fees for paying late up to a day: from here on they count for what is then still to be paid."""
    bill.late, bill.late_to = late_by(bill, day), max(day, bill.due or day)


def owed(bill: Bill, day: date | None = None) -> Owed:
    if bill.state != BillState.ISSUED:
        return Owed(0, 0)
    return Owed(bill.amount - bill.paid, late_by(bill, day or timezone.localdate()) - bill.late_paid)


def membership(person: Person, home: UUID) -> Member:
    """As whom this person sees a home's bills. Raises Refused."""
    found = Member.objects.living().filter(person=person, home=home, person__child__isnull=True).first()
    if found is None:
        raise Refused("unknown_home", _("您没有这套房屋，请先完成房屋认证。"), status=404, field="home")
    return found


def bills_of(member: Member) -> QuerySet[Bill]:
    """What a member may see: of the time since they, or for owners and their family the first of them, moved in; never of those before."""
    rows = Bill.objects.filter(home=member.home_id, ends__gte=timezone.localdate(_since(member)))
    return rows.exclude(state__in=Bill.UNASKED).select_related("item", "home__unit__building")


def chosen(member: Member, bills: Collection[UUID]) -> list[Bill]:
    """These bills, if this member may see each of them. Raises Refused."""
    found = list(bills_of(member).filter(pk__in=bills))
    if not found or len(found) != len(set(bills)):
        raise Refused("unknown_bill", _("没有找到这些账单，请刷新页面。"), status=404, field="bills")
    return found


def _since(member: Member) -> datetime:
    if member.role == Role.TENANT:
        return member.since
    family = Member.objects.living().filter(home=member.home_id).exclude(role=Role.TENANT)
    return family.order_by("since").values_list("since", flat=True).first() or member.since
