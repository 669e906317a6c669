"""What changes accounts outside of allauth's own flows."""

from typing import Any

from django.db import transaction

from anju.partners.purposes import ACCOUNT
from anju.people.models import PHONE, Person
from anju.privacy import consent
from anju.privacy.models import new_id
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
