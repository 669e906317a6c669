"""Asking after what is not decided, and comparing each wallet with the institution once a day."""

import time
from datetime import timedelta

import structlog
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.partners.paying import CHINA
from anju.privacy import scope
from anju.wallet import mirror, moving
from anju.wallet.models import Movement

log = structlog.get_logger()
AT_ONCE = 200
LONGEST = 50
"""Seconds of one run."""
QUIET = timedelta(seconds=45)


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="wallet.pursue")
def pursue(timestamp: int) -> None:
    """Ask after movements without an answer, and let go of those whose code never came."""
    del timestamp
    with scope.platform():
        rows = Movement.objects.filter(state__in=Movement.OPEN, at__lt=timezone.now() - QUIET)
        found = list(rows.order_by("asked_at", "at")[:AT_ONCE])
        Movement.objects.filter(pk__in=[one.pk for one in found]).update(asked_at=timezone.now())
    until = time.monotonic() + LONGEST
    for one in found:
        if time.monotonic() > until:  # the institution is slow or out: the rest is asked next time
            break
        try:
            moving.learn(one)
        except Exception:  # whatever it is about one of them keeps no other waiting
            log.exception("movement_not_pursued")


@app.periodic(cron="15 4 * * *")
@app.task(queue="upkeep", name="wallet.compare")
def compare(timestamp: int) -> None:
    """Yesterday, holder by holder."""
    del timestamp
    mirror.compare(timezone.now().astimezone(CHINA).date() - timedelta(days=1))
