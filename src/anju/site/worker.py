"""The worker process: background jobs and the platform's ear on the bus, on one loop."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
django.setup()

from procrastinate.contrib.django import app  # noqa: E402  Django must be set up first
from procrastinate.exceptions import ConnectorException  # noqa: E402
from psycopg import OperationalError  # noqa: E402

from anju.access import listeners  # noqa: E402
from anju.bus import client as bus  # noqa: E402
from anju.notices.push import CALLS  # noqa: E402
from anju.privacy import egress  # noqa: E402
from anju.site import reach  # noqa: E402
from anju.site.parts import HEARTBEAT  # noqa: E402

log = structlog.get_logger()


THREADS = 24
"""More than there are jobs at once, so that none waits for a thread; the rest is for the bus."""


def _workers() -> list[dict[str, Any]]:  # Any: procrastinate's options
    """What runs beside each other: a call waits for nothing else, and nothing else waits for a push service that is cut off."""
    others = {str(task.queue) for task in app.tasks.values()} - {CALLS, "push"}
    return [
        {"name": "jobs", "queues": sorted(others), "concurrency": 4},
        {"name": "calls", "queues": [CALLS], "concurrency": 8},
        {"name": "push", "queues": ["push"], "concurrency": 4, "listen_notify": False},
    ]


async def _jobs() -> None:
    """Run jobs; when the database goes away, come back with it."""
    while True:
        try:
            with app.replace_connector(app.connector.get_worker_connector()) as running:
                async with running.open_async(), asyncio.TaskGroup() as group:
                    for one in _workers():
                        work = running.run_worker_async(
                            **one,
                            install_signal_handlers=False,
                            fetch_job_polling_interval=2.0,
                            delete_jobs="successful",
                        )
                        group.create_task(work)
            return
        except* (ConnectorException, OperationalError, OSError) as errors:
            log.warning("jobs_waiting", error=type(errors.exceptions[0]).__name__)
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
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
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
