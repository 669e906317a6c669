"""What homes have paid ahead, laid against new bills."""

from collections import defaultdict
from uuid import UUID

from django.db.models import F, QuerySet

from anju.billing import books, owing, taking
from anju.billing.models import Bill, BillState, Method, Run
from anju.homes.models import Home
from anju.ledger import actions as ledger
from anju.ledger.models import Balance
from anju.privacy import scope


def _kept(community: UUID) -> QuerySet[Balance]:
    """What lies there for the homes of a community, each on an account of its own. To be read in a scope of the whole platform."""
    return Balance.objects.filter(account__kind=books.AHEAD, account__community=community)


def balance(home: Home) -> int:
    """Fen. Reading it opens no account."""
    with scope.platform():
        return sum(one.posted - one.held for one in _kept(home.community_id).filter(account__thing=home.pk))


def apply(run: Run) -> None:
    """Pay the bills of a run that has just been issued from what their homes have paid ahead. Inside its transaction."""
    taking.hold(run.community_id)
    with scope.platform():
        kept = _kept(run.community_id).filter(posted__gt=F("held")).select_related("account")
        ahead = {one.account.thing: one for one in kept}
    owed: dict[UUID, list[Bill]] = defaultdict(list)
    rows = Bill.objects.filter(run=run, state=BillState.ISSUED, home__in=ahead)
    for bill in rows.select_for_update(of=("self",)).select_related("item", "home"):
        owed[bill.home_id].append(bill)
    income = books.income(run.community_id)
    for home, bills in owed.items():
        kept_for = ahead[home]
        if amount := min(kept_for.posted - kept_for.held, sum(owing.owed(one).total for one in bills)):
            receipt = taking.take(bills[0].home, bills, amount, Method.PREPAID)
            ledger.move(f"prepaid:{receipt.pk}", kept_for.account_id, income, amount, "fees", thing=receipt.pk)
