"""What lies where, now and then; statements; whether the books add up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from anju.ledger.models import Account, Balance, Phase, Transfer
from anju.privacy import scope

MOVING = (Phase.MOVE, Phase.POST)
GATHER = "gather"
"""The kind of what an account moves between its own slots: on no statement."""


@dataclass(frozen=True)
class Amount:
    """Fen. posted: what lies there, credits less debits. held: reserved; what can be spent is the rest."""

    posted: int
    held: int

    @property
    def free(self) -> int:
        return self.posted - self.held


def balance(account: UUID) -> Amount:
    with scope.platform():
        found = Balance.objects.filter(account=account).aggregate(posted=Sum("posted"), held=Sum("held"))
    return Amount(found["posted"] or 0, found["held"] or 0)


_THEN = """
select coalesce(sum(coalesce(found.after, 0)), 0)
from ledger_balance b left join lateral (
    select after from (
        (select at, debit_number number, debit_after after from ledger_transfer
         where debit_id = b.account_id and debit_slot = b.slot and at <= %(at)s and debit_number is not null
         order by at desc, debit_number desc limit 1)
        union all
        (select at, credit_number, credit_after from ledger_transfer
         where credit_id = b.account_id and credit_slot = b.slot and at <= %(at)s and credit_number is not null
         order by at desc, credit_number desc limit 1)
    ) sides order by number desc limit 1
) found on true
where b.account_id = %(account)s
"""


def balance_at(account: UUID, at: datetime) -> int:
    """Fen that lay there at a time. What was still being written at that moment may be missing for an instant."""
    with scope.platform(), connection.cursor() as cursor:
        cursor.execute(_THEN, {"account": account, "at": at})
        [[found]] = cursor.fetchall()
    return int(found)


def statement(account: UUID) -> QuerySet[Transfer]:
    """What moved money to or from an account, newest first. To be read in a scope of the whole platform."""
    sides = Q(debit=account) | Q(credit=account)
    return Transfer.objects.filter(sides, phase__in=MOVING).exclude(kind=GATHER).order_by("-at", "-id")


@dataclass(frozen=True)
class Line:
    """One kind of account in the trial balance. Fen: credits less debits."""

    kind: str
    accounts: int
    posted: int
    held: int


def trial_balance() -> list[Line]:
    """Every kind of account; `posted` of all of them comes to 0."""
    with scope.platform():
        rows = (
            Account.objects.values("kind")
            .annotate(accounts=Count("pk", distinct=True), posted=Sum("balances__posted"), held=Sum("balances__held"))
            .order_by("kind")
        )
        return [Line(one["kind"], one["accounts"], one["posted"], one["held"]) for one in rows]


def problems() -> list[str]:
    """What does not add up, by opaque ids; [] when everything does."""
    with connection.cursor() as cursor:
        cursor.execute("select * from ledger_problems()")
        return [str(row[0]) for row in cursor.fetchall()]
