"""Having companies paid, and asking after what is not known yet."""

from datetime import timedelta

import structlog
from django.db.models import F
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.privacy import scope
from anju.utilities import paying
from anju.utilities.models import UtilityBill, UtilityState

log = structlog.get_logger()
AT_ONCE = 100
QUIET = timedelta(seconds=45)
LONG = timedelta(hours=2)
"""After which somebody should ask the provider."""


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="utilities.pursue")
def pursue(timestamp: int) -> None:
    """Those that were asked after longest ago come first."""
    del timestamp
    with scope.platform():
        rows = UtilityBill.objects.filter(state=UtilityState.PAID).exclude(asked_at__gt=timezone.now() - QUIET)
        found = list(rows.order_by(F("asked_at").asc(nulls_first=True)).values_list("pk", flat=True)[:AT_ONCE])
        stuck = rows.filter(at__lt=timezone.now() - LONG).count()
    if stuck:
        log.error("utility_bills_without_an_answer", count=stuck)
    for bill in found:
        paying.pursue(bill)
