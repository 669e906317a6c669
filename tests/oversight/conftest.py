"""The desks of the console, and jobs carried out at once."""

from collections.abc import Callable

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.homes.models import Community
from anju.oversight import tasks
from anju.privacy import scope
from tests import factories
from tests.console.conftest import Desk, desk, elsewhere, guard, manager, operator, reviewer  # noqa: F401


@pytest.fixture
def dpo(community: Community) -> Desk:
    from anju.homes.models import Duty

    return Desk(factories.staff(community, Duty.DPO))


@pytest.fixture
def work(db: None) -> Callable[[], int]:
    """Do every waiting job of the room, as the worker would. Returns how many."""

    def run() -> int:
        jobs = list(ProcrastinateJob.objects.filter(queue_name="oversight", status="todo").order_by("pk"))
        for job in jobs:
            with scope.request():
                task = tasks.app.tasks[job.task_name]
                task(**job.args)
        ProcrastinateJob.objects.filter(pk__in=[job.pk for job in jobs]).update(status="succeeded")
        return len(jobs)

    return run
