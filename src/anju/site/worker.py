"""The worker process: background jobs and the platform's ear on the bus, on one loop."""

import asyncio
import os
import signal

import django
import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
django.setup()

from procrastinate.contrib.django import app  # noqa: E402  Django must be set up first
from procrastinate.exceptions import ConnectorException  # noqa: E402
from psycopg import OperationalError  # noqa: E402

from anju.access import listeners  # noqa: E402
from anju.bus import client as bus  # noqa: E402
from anju.privacy import egress  # noqa: E402
from anju.site import reach  # noqa: E402
from anju.site.parts import HEARTBEAT  # noqa: E402

log = structlog.get_logger()


async def _jobs() -> None:
    """Run jobs; when the database goes away, come back with it."""
    while True:
        try:
            with app.replace_connector(app.connector.get_worker_connector()) as running:
                async with running.open_async():
                    await running.run_worker_async(
                        concurrency=4,
                        install_signal_handlers=False,
                        fetch_job_polling_interval=2.0,
                        delete_jobs="successful",
                    )
            return
        except (ConnectorException, OperationalError, OSError) as error:
            log.warning("jobs_waiting", error=type(error).__name__)
            await asyncio.sleep(0.5)


async def _beat() -> None:
    while True:
        HEARTBEAT.touch()
        await asyncio.sleep(5)


async def main() -> None:
    """Run until told to stop."""
    egress.install(*reach.own())
    client = await bus.connect("worker")
    await bus.ensure_streams(client)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    work = (_jobs(), listeners.listen(client), _beat())
    tasks: list[asyncio.Task[None]] = [asyncio.create_task(one) for one in work]
    told = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*tasks, told}, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.close()
    for task in tasks:
        if task in done:
            task.result()  # a part of the worker that ended by itself is a fault: let the supervisor restart us


if __name__ == "__main__":
    asyncio.run(main())
