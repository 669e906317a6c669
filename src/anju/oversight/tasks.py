"""Work that two people have agreed on, and the end of what it made."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from anju.oversight import exports


@app.task(queue="oversight", retry=RetryStrategy(max_attempts=5, wait=10), name="oversight.make_export")
def make_export(export: str, community: str) -> None:
    exports.make(UUID(export), UUID(community))


@app.periodic(cron="*/10 * * * *")
@app.task(queue="upkeep", name="oversight.destroy_exports")
def destroy_exports(timestamp: int) -> None:
    """Files go after a day."""
    del timestamp
    exports.destroy_old()
