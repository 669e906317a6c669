"""Upkeep of what is held about people."""

from procrastinate.contrib.django import app

from anju.privacy import retention


@app.periodic(cron="17 * * * *")
@app.task(queue="upkeep", name="privacy.expire")
def expire(timestamp: int) -> None:
    """Delete what is past its time."""
    del timestamp
    retention.expire()
