"""Reminding households of what is due: before the day, on the next one, and now and then after it."""

from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from anju.billing import owing
from anju.billing.models import Bill, BillState
from anju.homes.models import Member, Role
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import yuan
from anju.privacy import scope

BEFORE = timedelta(days=3)
AFTER = (1, 7, 15, 30, 60, 90)
"""Days past the due date on which a home hears of it again."""


def remind(today: date) -> int:
    """Tell those who live where something is due. Returns how many homes."""
    days = [today + BEFORE, *(today - timedelta(days=one) for one in AFTER)]
    with scope.platform():
        rows = Bill.objects.filter(state=BillState.ISSUED, due__in=days).select_related("item", "home__unit__building")
        homes: dict[UUID, list[Bill]] = defaultdict(list)
        for bill in rows:
            homes[bill.home_id].append(bill)
        for bills in homes.values():
            _tell(bills, today)
    return len(homes)


def _tell(bills: list[Bill], today: date) -> None:
    home = bills[0].home
    members = Member.objects.living().filter(home=home, person__child__isnull=True).exclude(role=Role.TENANT)
    owed = sum(owing.owed(one, today).total for one in bills)
    late = any(one.due is not None and one.due < today for one in bills)
    for member in members.select_related("person"):
        if not owing.bills_of(member).filter(pk__in=[one.pk for one in bills]).exists():
            continue  # of a time before they moved in
        with notices.language_of(member.person):
            facts = {"home": home.label, "amount": yuan(owed), "due": f"{bills[0].due:%Y-%m-%d}"}
            if late:
                body = _("%(home)s有 %(amount)s 元已过缴费日，请尽快缴纳，以免产生或增加滞纳金。") % facts
            else:
                body = _("%(home)s有 %(amount)s 元请在 %(due)s 前缴纳。") % facts
            notices.tell(member.person, NoticeKind.FEES, _("缴费提醒"), body)
