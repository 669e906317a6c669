"""Looking after the gates."""

from procrastinate.contrib.django import app

from anju.fleet import watch


@app.periodic(cron="* * * * * */15")
@app.task(queue="gates", name="fleet.look", lock="fleet.look", queueing_lock="fleet.look")
def look(timestamp: int) -> None:
    """Every quarter of a minute, one look at a time."""
    del timestamp
    watch.look()
