"""Work that two people have agreed on, and the end of what it made."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from anju.oversight import disclosures, exports, statistics


@app.task(queue="oversight", retry=RetryStrategy(max_attempts=5, wait=10), name="oversight.make_export")
def make_export(export: str, community: str) -> None:
    exports.make(UUID(export), UUID(community))


@app.periodic(cron="*/10 * * * *")
@app.task(queue="upkeep", name="oversight.destroy_exports")
def destroy_exports(timestamp: int) -> None:
    """Files go after a day."""
    del timestamp
    exports.destroy_old()


@app.periodic(cron="7 9 * * *")
@app.task(queue="upkeep", name="oversight.tell_when_allowed")
def tell_when_allowed(timestamp: int) -> None:
    """In the morning: bans end with a day."""
    del timestamp
    disclosures.tell_when_allowed()


@app.periodic(cron="37 3 * * *")
@app.task(queue="upkeep", name="oversight.forget_disclosures")
def forget_disclosures(timestamp: int) -> None:
    """Requests of authorities go after three years."""
    del timestamp
    disclosures.forget_old()


@app.periodic(cron="47 0 * * *")
@app.task(queue="upkeep", name="oversight.destroy_pseudonym_keys")
def destroy_pseudonym_keys(timestamp: int) -> None:
    """A month's pseudonyms end with it."""
    del timestamp
    statistics.destroy_keys()
