"""The gate and the platform notice the same thing at once: it is one alarm."""

from typing import Any

from django.utils import timezone

from anju.fleet import alarms
from anju.fleet.models import Alarm
from anju.privacy import scope
from tests import factories, racing


def test_what_two_notice_at_once_is_one_alarm(django_db_setup: None, django_db_blocker: Any) -> None:
    with racing.committed(django_db_blocker):
        gate = factories.gate(factories.community())

        def notice() -> None:
            with scope.platform():
                alarms.begin(gate, Alarm.Kind.STORE, timezone.now())

        assert racing.overtaken(notice, notice) is None
        assert Alarm.objects.filter(gate=gate).count() == 1
