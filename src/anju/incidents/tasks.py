"""Telling people, and keeping an eye on the clock."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from anju.incidents import actions, telling


@app.task(queue="incidents", retry=RetryStrategy(max_attempts=20, wait=10), name="incidents.tell")
def tell(incident: str) -> None:
    """Safe to run again: whoever was told is not told twice."""
    telling.tell(UUID(incident))


@app.periodic(cron="*/5 * * * *")
@app.task(queue="upkeep", name="incidents.remind")
def remind(timestamp: int) -> None:
    """Reports come due by the hour."""
    del timestamp
    actions.remind()
