"""Text messages. They go through the outbox: to the provider, or, without a contract, to staff who pass them on."""

from datetime import date, timedelta
from uuid import UUID, uuid5

from django.utils import timezone

from anju.partners import sms_provider
from anju.partners.models import OutboxMessage
from anju.privacy.declarations import LASTS, Retention
from anju.privacy.vault import vault

KEPT = LASTS[Retention.ONE_DAY]
_PASSING = UUID("0192f3c0-7a10-7000-8000-000000000000")


def send(phone: str, text: str, *, kind: OutboxMessage.Kind, subject: UUID | None) -> None:
    """Send `text` to `phone` (E.164). Without a `subject` the number is nobody's we know: it is sealed under the day's passing key."""
    from anju.partners.tasks import deliver  # the task module imports Django's app registry

    known = subject is not None
    if subject is None:
        subject = _passing(timezone.now().date())
        if not vault().knows(subject):
            vault().admit(subject)
    message = OutboxMessage.objects.create(subject=subject, kind=kind, phone=phone, text=text)
    if known and sms_provider.SMS.address():  # a number that is nobody's has agreed to no provider
        deliver.defer(message=str(message.pk))


def _passing(day: date) -> UUID:
    """Who numbers that are nobody's are sealed for: one a day, so that asking for them makes no keys without end."""
    return uuid5(_PASSING, day.isoformat())


def forget_passing(today: date) -> None:
    """Destroy the passing keys whose messages are past their time, for backups as well."""
    old = [_passing(today - timedelta(days=back)) for back in range(3, 60)]
    if known := [one for one in old if vault().knows(one)]:
        vault().erase(known)
