"""The books look over themselves every night, and let go what was reserved for a time that has passed."""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.ledger import actions, queries
from anju.ledger.models import Account, Check, Phase, Transfer
from anju.privacy import scope
from anju.privacy.refusals import Refused

log = structlog.get_logger()
AT_ONCE = 1000


@app.periodic(cron="23 3 * * *")
@app.task(queue="upkeep", name="ledger.check")
def check(timestamp: int) -> None:
    """Write down whether everything adds up."""
    del timestamp
    look_over()


def look_over() -> Check:
    """The self-check, now."""
    found = queries.problems()
    with scope.platform():
        made = Check.objects.create(
            accounts=Account.objects.count(), transfers=Transfer.objects.count(), problems=found[:1000]
        )
    if found:
        log.error("books_do_not_add_up", problems=len(found))
    return made


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="ledger.expire")
def expire(timestamp: int) -> None:
    """Free what was reserved for a time that has passed. Whoever has something to say about it has decided it before."""
    del timestamp
    for name in _expired():
        try:
            with transaction.atomic():
                actions.expire(f"expire:{name}", name)
        except Refused as refused:
            log.info("reservation_not_expired", code=refused.code)


def _expired() -> list[UUID]:
    with scope.platform():
        rows = Transfer.objects.filter(phase=Phase.RESERVE, expires_at__lte=timezone.now())
        open_ones = rows.filter(~Exists(Transfer.objects.filter(pending=OuterRef("pk"))))
        return list(open_ones.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE])
