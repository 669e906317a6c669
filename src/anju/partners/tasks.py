"""Upkeep of the outbox."""

from django.utils import timezone
from procrastinate.contrib.django import app

from anju.partners import sms


@app.periodic(cron="27 * * * *")
@app.task(queue="upkeep", name="partners.forget_passing")
def forget_passing(timestamp: int) -> None:
    """The messages themselves go by their retention; their keys go here."""
    del timestamp
    sms.forget_passing(timezone.now().date())
