"""Text messages. Without a provider's contract they go to the outbox, which staff can read in the console."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from anju.partners.models import OutboxMessage
from anju.privacy.models import new_id
from anju.privacy.vault import vault

KEPT = timedelta(days=1)


def send(phone: str, text: str, *, kind: OutboxMessage.Kind, subject: UUID | None) -> None:
    """Send `text` to `phone` (E.164). Without a `subject` the number is nobody's we know: it is sealed under a passing key."""
    if subject is None:
        subject = new_id()
        vault().admit(subject)
    OutboxMessage.objects.create(subject=subject, kind=kind, phone=phone, text=text)


def expire() -> int:
    """Delete what is older than a day, with the passing keys. Returns how many messages went."""
    old = OutboxMessage.objects.filter(at__lt=timezone.now() - KEPT)
    gone, _ = old.delete()
    return gone
