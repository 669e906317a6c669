"""What time ends."""

from procrastinate.contrib.django import app

from anju.rentals import leases


@app.periodic(cron="* * * * *")
@app.task(queue="gates", name="rentals.close_past")
def close_past(timestamp: int) -> None:
    """Note leases that have run out."""
    del timestamp
    leases.close_past()
