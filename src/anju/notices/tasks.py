"""Handing messages to the push services of people's browsers."""

import json
import time
from functools import partial
from uuid import UUID

import structlog
from procrastinate.contrib.django import app

from anju.notices.models import PushSubscription
from anju.notices.push import CALLS
from anju.partners import push_services
from anju.partners.push_services import NotTaken
from anju.partners.web_push import Keys
from anju.privacy import gateway, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased

log = structlog.get_logger()

TRIES = 5


@app.task(queue="push", name="notices.deliver")
def deliver(subscription: str, message: str, urgent: bool, tried: int = 0) -> None:
    """Send one message to one browser, or wake one device; when its service is busy or away, again later, as long as it is still of use."""
    left = json.loads(message)["until"] - int(time.time())
    if left <= 0:
        return
    with scope.platform():
        found = PushSubscription.objects.filter(pk=UUID(subscription)).first()
        if found is None:
            return
        try:
            _send(found, message, left, urgent)
        except (Refused, Erased) as refused:
            log.info("push_stays", code=getattr(refused, "code", "erased"))
        except gateway.NotDelivered as error:
            answer = error.__cause__ if isinstance(error.__cause__, NotTaken) else None
            if answer is not None and answer.gone:
                found.delete()
            elif answer is not None and not answer.passing:
                log.error("push_refused", status=answer.status)
            else:
                _again_later(subscription, message, urgent, tried, left, answer.after if answer else 0)


def _send(found: PushSubscription, message: str, left: int, urgent: bool) -> None:
    """Raises Refused, NotDelivered and Erased."""
    endpoint = found.endpoint.open()
    service = push_services.service_of(endpoint)
    if service is None:  # what was the operator's own service is no longer
        found.delete()
        return
    keys = Keys.split(found.keys.open_bytes()) if found.keys else None
    send = partial(
        push_services.send,
        keys=keys,
        seconds=left,
        urgent=urgent,
        topic=json.loads(message)["tag"],
    )
    said = {"address": endpoint, "message": message} if keys else {"address": endpoint}
    gateway.share(service, found.person_id, said, send, at=endpoint)


def _again_later(subscription: str, message: str, urgent: bool, tried: int, left: int, after: int) -> None:
    wait = max(after, 2 ** (tried + 1) * (1 if urgent else 30))
    if tried + 1 < TRIES and wait < left:
        queue = CALLS if urgent else "push"
        later = deliver.configure(queue=queue, priority=int(urgent), schedule_in={"seconds": wait})
        later.defer(subscription=subscription, message=message, urgent=urgent, tried=tried + 1)
