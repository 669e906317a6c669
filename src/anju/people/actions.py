"""What changes accounts outside of allauth's own flows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from anju.partners.purposes import ACCOUNT
from anju.people.models import PHONE, Person
from anju.privacy import consent, scope
from anju.privacy.models import Consent, new_id
from anju.privacy.vault import vault


@transaction.atomic
def open_account(phone: str, password: str | None = None, **facts: Any) -> Person:  # Any: the model's own fields
    """An account for somebody whose phone (E.164) is known to be theirs, such as a member of staff. None: no password."""
    person = Person(id=new_id(), phone_verified=True, **facts)
    vault().admit(person.pk)
    person.phone = phone
    person.set_password(password)
    person.save()
    vault().claim(PHONE, phone, person.pk)
    consent.grant(person.pk, ACCOUNT, version=ACCOUNT.version)
    return person


UNFINISHED = timedelta(days=1)


@consent.before_erasure(ACCOUNT)
def end_sessions(subject: UUID) -> None:
    """Sign this person out everywhere."""
    for session in UserSession.objects.filter(user=subject):
        session.end()


@consent.on_withdrawal(ACCOUNT)
def close_account(subject: UUID) -> None:
    """Nobody signs in as this person again, and what was sealed for them is unreadable, in backups as well.

    The row stays, empty, until every gate has confirmed that the rights that hang on it are gone.
    """
    person = Person.objects.select_for_update().get(pk=subject)
    person.is_active = person.is_staff = person.is_superuser = person.phone_verified = False
    person.language = settings.LANGUAGE_CODE
    person.set_unusable_password()
    person.save(update_fields=["is_active", "is_staff", "is_superuser", "phone_verified", "language", "password"])
    transaction.on_commit(lambda: vault().erase([subject]))


def finish_closing() -> int:
    """Destroy the keys that a crash right after closing an account left. Returns how many.

    Only whoever took the account's own consent back counts: a database brought back from a backup knows no later closings.
    """
    with scope.platform():
        closed = Person.objects.filter(is_active=False, phone_verified=False).values_list("pk", flat=True)
        left = [one for one in closed if vault().knows(one)]
        acts = (
            Consent.objects.filter(subject__in=left, purpose=ACCOUNT.code)
            .order_by("subject", "-id")
            .distinct("subject")
        )
        gone = [act.subject for act in acts if act.action == Consent.Action.WITHDRAWN]
    if gone:
        vault().erase(gone)
    return len(gone)


def forget_unfinished() -> int:
    """Forget whoever gave a number and never proved it. Returns how many."""
    begun = Person.objects.filter(phone_verified=False, is_active=True, joined__lt=timezone.now() - UNFINISHED)
    begun = begun.filter(phone__isnull=False)  # children and visitors have none to prove
    people = list(begun.values_list("pk", flat=True))
    with scope.platform():
        Person.objects.filter(pk__in=people).delete()
    if people:
        vault().erase(people)
    return len(people)
