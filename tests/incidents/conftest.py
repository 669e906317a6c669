"""An incident that a reviewer's reading made, and the jobs of the room carried out at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.homes.models import Community, Duty
from anju.incidents import tasks
from anju.incidents.models import Incident
from anju.privacy import scope
from tests import factories
from tests.console.conftest import Desk, desk, elsewhere, guard, manager, operator, reviewer  # noqa: F401


@pytest.fixture
def dpo(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.DPO))


def form(**facts: Any) -> dict[str, Any]:  # Any: a form's values
    """What an officer types about something that happened today."""
    now = timezone.localtime()
    today = f"{now:%Y-%m-%d}"
    return {
        "kind": "misuse",
        "found_at": f"{now:%Y-%m-%dT%H:%M}",
        "began": f"{today}T00:00",
        "ended": f"{today}T23:59",
        **facts,
    }


@pytest.fixture
def register(dpo: Desk, community: Community) -> Callable[..., Incident]:
    """Register an incident of the community at the officer's desk."""

    def run(**facts: Any) -> Incident:  # Any: a form's values
        answer = dpo.post("incidents/new/", form(community=str(community.pk), **facts))
        assert answer.status_code == 302, answer.content.decode()
        with scope.platform():
            return Incident.objects.latest("id")

    return run


@pytest.fixture
def work(db: None) -> Callable[[], int]:
    """Do every waiting job of the room, as the worker would. Returns how many."""

    def run() -> int:
        jobs = list(ProcrastinateJob.objects.filter(queue_name="incidents", status="todo").order_by("pk"))
        for job in jobs:
            with scope.request():
                tasks.app.tasks[job.task_name](**job.args)
        ProcrastinateJob.objects.filter(pk__in=[job.pk for job in jobs]).update(status="succeeded")
        return len(jobs)

    return run
