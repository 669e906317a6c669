"""Counting a community's bills takes longer than a request should; reminding is done once a day."""

from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from anju.billing import reminding, reported, runs


@app.task(queue="upkeep", name="billing.count")
def count(run: str) -> None:
    """Make the drafts of a run."""
    runs.count(UUID(run))


@app.periodic(cron="0 1 * * *")
@app.task(queue="upkeep", name="billing.remind")
def remind(timestamp: int) -> None:
    """At nine in the morning, where the homes are."""
    del timestamp
    reminding.remind(timezone.localdate())


@app.periodic(cron="40 19 * * *")
@app.task(queue="upkeep", name="billing.forget_reported")
def forget_reported(timestamp: int) -> None:
    """In the night, where the homes are."""
    del timestamp
    reported.forget()
