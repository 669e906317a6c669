"""Ending packets whose day is over."""

import structlog
from django.utils import timezone
from procrastinate.contrib.django import app

from anju.packets import actions
from anju.packets.models import Packet
from anju.privacy import scope

log = structlog.get_logger()
AT_ONCE = 200


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="packets.end")
def end(timestamp: int) -> None:
    """What nobody took goes back to whoever sent it."""
    del timestamp
    with scope.platform():
        over = Packet.objects.filter(state__in=Packet.ALIVE, until__lte=timezone.now())
        names = list(over.order_by("until").values_list("pk", flat=True)[:AT_ONCE])
    for name in names:
        try:
            actions.end(name)
        except Exception:  # whatever it is about one of them keeps no other waiting
            log.exception("packet_not_ended")
