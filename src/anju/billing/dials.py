"""Pictures of meters' dials: kept beside a reading, shown at its bill, and gone with the key that sealed them."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext as _

from anju.billing.models import Bill, Reading, ReadingPicture
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

Read = tuple[UUID, str]
"""Which reading of a home: its item, and the day as bills write it."""


@transaction.atomic
def keep(reading: Reading, picture: bytes) -> ReadingPicture:
    """Put a picture beside a reading, in place of one that was there."""
    ReadingPicture.objects.filter(reading=reading).delete()
    key = new_id()
    vault().admit(key)
    return ReadingPicture.objects.create(reading=reading, community_id=reading.community_id, key=key, image=picture)


@receiver(post_delete, sender=ReadingPicture)
def _destroy_key(instance: ReadingPicture, **_options: Any) -> None:  # Any: the signal's own arguments
    """No backup opens it then."""
    key = instance.key
    transaction.on_commit(lambda: vault().erase([key]))


def of(bill: Bill) -> Read:
    """The reading that a bill counts up to; one that is in no list where the bill is not by a meter."""
    return bill.item_id, bill.detail.get("read", "")


def seen(home: UUID) -> set[Read]:
    """The readings of a home that have a picture."""
    rows = ReadingPicture.objects.filter(reading__meter__home=home)
    return {(item, day.isoformat()) for item, day in rows.values_list("reading__meter__item", "reading__day")}


def picture(bill: Bill | None) -> ReadingPicture:
    """What the meter showed at the end of a bill. Raises Refused."""
    if bill is None or not bill.detail.get("read"):
        raise gone()
    day = date.fromisoformat(bill.detail["read"])
    rows = ReadingPicture.objects.filter(reading__meter__home=bill.home_id, reading__meter__item=bill.item_id)
    found = rows.filter(reading__day=day).first()
    if found is None:
        raise gone()
    return found


def gone() -> Refused:
    return Refused("no_picture", _("没有表盘照片，或照片已过期删除。"), status=404)
