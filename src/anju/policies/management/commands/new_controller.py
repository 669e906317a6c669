"""`./anju manage new_controller NAME --since 2027-01-01T00:00+08:00`: another company answers for the personal data from then on."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from anju.policies import actions
from anju.privacy.refusals import Refused


def _moment(text: str) -> datetime:
    """A moment as ISO 8601, in Shanghai's time when it does not say. Raises ValueError."""
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    help = "Announce another controller: everybody is told now, and asked to agree anew from that moment on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--since", type=_moment, required=True)

    def handle(self, *arguments: Any, name: str, since: datetime, **options: Any) -> None:  # Any: Django's own
        del arguments, options
        try:
            version = actions.hand_over(name, since)
        except Refused as refused:
            raise CommandError(str(refused.message)) from refused
        self.stdout.write(f"{name}: {since.isoformat()} · {version.number if version else '—'}")
