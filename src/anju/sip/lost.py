"""Calls whose end nobody told or heard, because Kamailio or who decides was away: a home must not be busy for a call that is over."""

import time
from datetime import timedelta

import structlog
from django.db import close_old_connections
from django.utils import timezone

from anju.intercom.models import Ring, RingState, Via
from anju.privacy import scope
from anju.sip import calls, kamailio, place
from anju.sip.models import Dialog

log = structlog.get_logger()
EVERY = 1.0
OLD = timedelta(seconds=30)
"""From when on a call is asked after though neither was away."""


def end(since: timedelta) -> int:
    """End what Kamailio carries no more, of the calls that began so long ago. Returns how many. Raises NoAnswer."""
    with scope.platform():
        rows = list(Dialog.objects.filter(call__at__lt=timezone.now() - since))
    gone = [one for one in rows if not kamailio.carries(one.name)]
    for one in gone:
        with scope.platform():
            by_sip = Ring.objects.filter(
                call=one.call_id, state=RingState.ANSWERED, via__in=(Via.SIP, Via.PHONE)
            ).exists()
        if by_sip:
            calls.ended(one.name, one.caller_tag)
        calls.failed(one.name, one.caller_tag, 408)
    return len(gone)


def watch() -> None:
    """Until told to stop: at once when Kamailio, or who decides about calls, was started anew, else now and then."""
    began, asked = ("", 0.0), 0.0
    while True:
        time.sleep(EVERY)
        try:
            now = kamailio.began(), place.last_start()
            if now == began and time.monotonic() - asked < OLD.total_seconds() / 2:
                continue
            with scope.request():
                close_old_connections()
                if ended := end(OLD if now == began else timedelta(0)):
                    log.info("calls_lost", count=ended)
            began, asked = now, time.monotonic()
        except kamailio.NoAnswer:
            continue
        except Exception as error:  # noqa: BLE001  it is tried again; the message may quote what was typed
            log.error("lost_calls", error=type(error).__name__)
