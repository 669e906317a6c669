"""Sending what waits in the outbox, and its upkeep."""

from uuid import UUID

import structlog
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from anju.partners import sms, sms_provider
from anju.partners.models import OutboxMessage
from anju.privacy import gateway, scope
from anju.privacy.refusals import Refused

log = structlog.get_logger()


@app.task(queue="partners", retry=RetryStrategy(max_attempts=5, exponential_wait=3), name="partners.deliver")
def deliver(message: str) -> None:
    """Hand one message to the provider; delivered, it is deleted here. What may not go stays for staff to see."""
    with scope.platform():
        found = OutboxMessage.objects.filter(pk=UUID(message)).first()
        if found is None or found.phone is None or found.text is None:
            return
        values = {"phone": found.phone.open(), "text": found.text.open()}
        try:
            gateway.share(sms_provider.SMS, found.subject, values, sms_provider.send)
        except Refused as refused:
            log.info("message_stays", code=refused.code)
        else:
            found.delete()


@app.periodic(cron="27 * * * *")
@app.task(queue="upkeep", name="partners.forget_passing")
def forget_passing(timestamp: int) -> None:
    """The messages themselves go by their retention; their keys go here."""
    del timestamp
    sms.forget_passing(timezone.now().date())
