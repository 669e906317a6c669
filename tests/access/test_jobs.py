"""Jobs outlive the worker that was doing them."""

from types import SimpleNamespace
from typing import Any

from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.access import tasks
from tests import racing


def test_what_a_killed_worker_was_doing_is_done_again(django_db_setup: None, django_db_blocker: Any) -> None:
    async def take_up() -> None:
        with app.replace_connector(app.connector.get_worker_connector()) as running:
            async with running.open_async():
                await tasks.take_up(SimpleNamespace(app=running), 0)

    with racing.committed(django_db_blocker):
        job = tasks.send_grants.defer(gates=["0192f3c0-7a10-7000-8000-000000000000"])
        ProcrastinateJob.objects.filter(pk=job).update(status="doing", worker=None)
        async_to_sync(take_up)()
        assert ProcrastinateJob.objects.get(pk=job).status == "todo"
