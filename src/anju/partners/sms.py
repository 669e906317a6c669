"""Text messages. Without a provider's contract they go to the outbox, which staff can read in the console."""

from datetime import date, timedelta
from uuid import UUID, uuid5

from django.utils import timezone

from anju.partners.models import OutboxMessage
from anju.privacy.declarations import LASTS, Retention
from anju.privacy.vault import vault

KEPT = LASTS[Retention.ONE_DAY]
_PASSING = UUID("0192f3c0-7a10-7000-8000-000000000000")


def send(phone: str, text: str, *, kind: OutboxMessage.Kind, subject: UUID | None) -> None:
    """Send `text` to `phone` (E.164). Without a `subject` the number is nobody's we know: it is sealed under the day's passing key."""
    if subject is None:
        subject = _passing(timezone.now().date())
        if not vault().knows(subject):
            vault().admit(subject)
    OutboxMessage.objects.create(subject=subject, kind=kind, phone=phone, text=text)


def _passing(day: date) -> UUID:
    """Who numbers that are nobody's are sealed for: one a day, so that asking for them makes no keys without end."""
    return uuid5(_PASSING, day.isoformat())


def forget_passing(today: date) -> None:
    """Destroy the passing keys whose messages are past their time, for backups as well."""
    old = [_passing(today - timedelta(days=back)) for back in range(3, 60)]
    if known := [one for one in old if vault().knows(one)]:
        vault().erase(known)
