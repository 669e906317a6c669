"""Upkeep of what is held about people."""

from procrastinate.contrib.django import app

from anju.privacy import chain, retention


@app.periodic(cron="17 * * * *")
@app.task(queue="upkeep", name="privacy.expire")
def expire(timestamp: int) -> None:
    """Delete what is past its time."""
    del timestamp
    retention.expire()


@app.periodic(cron="* * * * *")
@app.task(queue="upkeep", name="privacy.seal")
def seal(timestamp: int) -> None:
    """Give every proof its place in the chain."""
    del timestamp
    chain.seal()
