"""Asking after what is still open, and comparing yesterday's statements."""

from datetime import date, timedelta

import structlog
from django.db.models.functions import Coalesce
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.partners.paying import CHINA
from anju.payments import actions, reconciliation
from anju.payments.institutions import INSTITUTIONS, contracted
from anju.payments.models import Payment, Refund, Through
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.refusals import Refused

log = structlog.get_logger()
AT_ONCE = 200
"""Of each institution."""
MOST_SILENT = 5
"""Questions in a row without an answer after which an institution is left alone for this minute."""
QUIET = timedelta(seconds=45)
_NO_STATEMENT = (NotDelivered, Refused, ValueError, LookupError)
"""It cannot be had, or cannot be read: that keeps no other waiting."""


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="payments.pursue")
def pursue(timestamp: int) -> None:
    """Ask after open payments and refunds; an institution that does not answer is asked again in a minute.

    Of each institution those that were asked after longest ago come first, so that none waits for ever behind others.
    """
    del timestamp
    for through in INSTITUTIONS:
        _ask_payments(through)
        for refund in _open_refunds(through):
            actions.pursue(refund)


def _ask_payments(through: Through) -> None:
    silent = 0
    for payment in _open_payments(through):
        try:
            actions.ask(payment)
            silent = 0
        except Refused as refused:
            log.info("payment_not_asked", error=refused.code)
        except NotDelivered as error:
            log.info("payment_not_asked", error=type(error).__name__)
            silent += 1
        if silent == MOST_SILENT:
            return


def _open_payments(through: Through) -> list[Payment]:
    with scope.platform():
        open_ones = Payment.objects.filter(through=through, state__in=Payment.OPEN)
        quiet = open_ones.exclude(asked_at__gt=timezone.now() - QUIET)
        return list(quiet.order_by(Coalesce("asked_at", "created_at"), "pk")[:AT_ONCE])


def _open_refunds(through: Through) -> list[Refund]:
    """Without those that are being sent at this moment."""
    last = Coalesce("asked_at", "at")
    with scope.platform():
        open_ones = Refund.objects.filter(payment__through=through, state__in=Refund.OPEN).alias(last=last)
        quiet = open_ones.filter(last__lt=timezone.now() - QUIET)
        return list(quiet.select_related("payment").order_by("last", "pk")[:AT_ONCE])


@app.periodic(cron="30 10 * * *")
@app.task(queue="upkeep", name="payments.reconcile")
def reconcile(timestamp: int) -> None:
    """Institutions have yesterday's statement ready at ten."""
    del timestamp
    reconcile_day(timezone.now().astimezone(CHINA).date() - timedelta(days=1))


def reconcile_day(day: date) -> None:
    """Compare one day with every institution. What cannot be had is tried again by hand, or tomorrow."""
    for through in contracted():
        try:
            reconciliation.compare(through, day)
        except _NO_STATEMENT as error:
            log.error("no_statement", through=through, day=day.isoformat(), error=type(error).__name__)
