"""./anju manage incident_drill: an incident from the first note to the last, on real audit rows, telling nobody."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from anju.incidents import actions, drafts, telling
from anju.incidents.models import Incident
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry

T = TypeVar("T")


class Command(BaseCommand):
    """Takes the member of staff who read most in the last days as the one who did it."""

    help = "Walk a drill incident from finding to closing, on real audit rows and without telling anybody."

    def add_arguments(self, parser: Any) -> None:  # Any: Django's own parser
        parser.add_argument("--days", type=int, default=30, help="how far back the window reaches")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as the parent's
        with scope.platform():
            self._walk(options["days"])

    def _walk(self, days: int) -> None:
        operator = Person.objects.filter(is_superuser=True, is_active=True).first()
        if operator is None:
            raise CommandError("A drill is the operator's and there is none: make one first.")
        now = timezone.now()
        began = now - timedelta(days=days)
        read = AuditEntry.objects.filter(at__gte=began, actor__isnull=False, subject__isnull=False).exclude(fields=[])
        actor = read.order_by().values_list("actor").annotate(count=Count("pk")).order_by("-count").first()
        if actor is None:
            raise CommandError(f"Nobody has read anything in the last {days} days: try more --days.")
        incident = self._timed(
            "registered",
            lambda: actions.register(
                None,
                staff=operator,
                kind=Incident.Kind.MISUSE,
                found_at=now,
                began=began,
                ended=now,
                actors=[actor[0]],
                drill=True,
            ),
        )
        self._timed("measured", lambda: actions.measure(incident, staff=operator))
        incident.refresh_from_db()
        self._timed("checked", lambda: actions.edit(incident, drafts.checked(incident), staff=operator))
        self._timed("confirmed", lambda: actions.confirm(incident, staff=operator))
        self._timed("told nobody", lambda: telling.tell(incident.pk))
        self._timed("reported", lambda: actions.report(incident, staff=operator, how="below", receipt="drill / 演练"))
        self._timed("closed", lambda: actions.close(incident, staff=operator))
        self.stdout.write(f"  {incident.affected.count()} people affected, 0 told; drill {incident.pk}")

    def _timed(self, what: str, act: Callable[[], T]) -> T:
        began = time.monotonic()
        done = act()
        self.stdout.write(f"  ✓ {what}: {(time.monotonic() - began) * 1000:.0f} ms")
        return done
