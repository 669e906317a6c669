"""What owners do with their listings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.household import require_owner
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.rentals.models import Listing, ListingPhoto, ListingState
from anju.rentals.photos import made_anew
from anju.rentals.purposes import RENTAL

MOST_PHOTOS = 9
MOST_RENT = 100_000_000
"""Fen a month: a million yuan."""
MOST_MONTHS = 36


@dataclass(frozen=True)
class Facts:
    """What an owner says of a home. Money in fen a month."""

    title: str
    text: str
    terms: str
    rent: int
    deposit: int
    rooms: int
    available_from: date
    fewest_months: int

    def check(self) -> None:
        """Raises Refused."""
        if not 4 <= len(self.title.strip()) <= 40:
            raise Refused("title_form", _("标题请写 4 到 40 个字。"), field="title")
        if not 10 <= len(self.text.strip()) <= 2000:
            raise Refused("text_form", _("介绍请写 10 到 2000 个字。"), field="text")
        if len(self.terms) > 1000:
            raise Refused("terms_form", _("出租要求最多 1000 个字。"), field="terms")
        if not 100 <= self.rent <= MOST_RENT:
            raise Refused("rent_form", _("月租金请填 1 元到 100 万元。"), field="rent")
        if not 0 <= self.deposit <= MOST_RENT:
            raise Refused("deposit_form", _("押金最多 100 万元。"), field="deposit")
        if not 1 <= self.rooms <= 20:
            raise Refused("rooms_form", _("房间数请填 1 到 20。"), field="rooms")
        if not 1 <= self.fewest_months <= MOST_MONTHS:
            raise Refused(
                "months_form", _("最短租期请填 1 到 %(most)s 个月。") % {"most": MOST_MONTHS}, field="fewest_months"
            )


def own(owner: Person, listing: UUID) -> Listing:
    """One of this owner's listings. Raises Refused."""
    found = Listing.objects.select_related("home__unit__building", "community").filter(owner=owner, pk=listing).first()
    if found is None:
        raise Refused("unknown_listing", _("没有找到这个房源，可能已被删除，请返回列表。"), status=404)
    return found


@transaction.atomic
def make(owner: Person, home: UUID, facts: Facts) -> Listing:
    """Write a home down as one to let; nobody sees it before it is published. Raises Refused."""
    consent.require(owner.pk, RENTAL)
    mine = require_owner(owner, home)
    facts.check()
    try:
        with transaction.atomic(), scope.community(mine.community_id):
            return Listing.objects.create(community_id=mine.community_id, home=mine.home, owner=owner, **_fields(facts))
    except IntegrityError as error:
        raise Refused("listed_already", _("这套房屋已有房源，请直接修改它。"), status=409, field="home") from error


def _fields(facts: Facts) -> dict[str, object]:
    return {
        "title": facts.title.strip(),
        "text": facts.text.strip(),
        "terms": facts.terms.strip() or None,
        "rent": facts.rent,
        "deposit": facts.deposit,
        "rooms": facts.rooms,
        "available_from": facts.available_from,
        "fewest_months": facts.fewest_months,
    }


@transaction.atomic
def change(owner: Person, listing: UUID, facts: Facts) -> Listing:
    """What is said of it from now on; leases keep what was agreed. Raises Refused."""
    consent.require(owner.pk, RENTAL)
    found = own(owner, listing)
    facts.check()
    for name, value in _fields(facts).items():
        setattr(found, name, value)
    found.save()
    return found


@transaction.atomic
def add_photos(owner: Person, listing: UUID, pictures: Sequence[bytes]) -> Listing:
    """Raises Refused."""
    consent.require(owner.pk, RENTAL)
    found = own(owner, listing)
    there = found.photos.count()
    if there + len(pictures) > MOST_PHOTOS:
        raise Refused("too_many_photos", _("最多 %(most)s 张照片。") % {"most": MOST_PHOTOS}, field="photos")
    for place, picture in enumerate(pictures):
        ListingPhoto.objects.create(listing=found, owner=owner, picture=made_anew(picture), order=there + place)
    return found


def remove_photo(owner: Person, listing: UUID, photo: UUID) -> Listing:
    """Raises Refused."""
    found = own(owner, listing)
    found.photos.filter(pk=photo).delete()
    return found


@transaction.atomic
def set_state(owner: Person, listing: UUID, *, published: bool) -> Listing:
    """Show it to everybody, or to nobody. Raises Refused."""
    consent.require(owner.pk, RENTAL)
    found = own(owner, listing)
    if published:
        require_owner(owner, found.home_id)
    if published and found.available_from < timezone.localdate():
        found.available_from = timezone.localdate()
    found.state = ListingState.PUBLISHED if published else ListingState.DRAFT
    found.save(update_fields=["state", "available_from"])
    return found


@transaction.atomic
def remove(owner: Person, listing: UUID) -> None:
    """Delete it with everything that hangs on it but a running lease. Raises Refused."""
    found = own(owner, listing)
    with scope.community(found.community_id):
        if found.leases.filter(state="active", until__gt=timezone.now()).exists():
            raise Refused("let_now", _("租约还在生效，终止后才能删除房源；可以先下架。"), status=409)
        found.delete()
