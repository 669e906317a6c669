"""Reading listings, viewings and leases."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.rentals.models import Lease, Listing, ListingPhoto, ListingState, Viewing

SHOWN = 100


@dataclass(frozen=True)
class Search:
    """least, most: rent in fen a month. rooms: at least so many. text: in the community's name, city or address."""

    text: str = ""
    least: int | None = None
    most: int | None = None
    rooms: int | None = None


def _published() -> QuerySet[Listing]:
    """What everybody may see; to be asked in the platform's scope."""
    rows = Listing.objects.filter(state=ListingState.PUBLISHED, owner__is_active=True)
    return rows.select_related("home__unit__building", "community", "owner")


def search(wanted: Search) -> list[Listing]:
    """Published listings, the newest first."""
    with scope.platform():
        rows = _published()
        if wanted.text:
            where = Q(community__name__icontains=wanted.text) | Q(community__city__icontains=wanted.text)
            rows = rows.filter(where | Q(community__address__icontains=wanted.text))
        if wanted.least is not None:
            rows = rows.filter(rent__gte=wanted.least)
        if wanted.most is not None:
            rows = rows.filter(rent__lte=wanted.most)
        if wanted.rooms is not None:
            rows = rows.filter(rooms__gte=wanted.rooms)
        return list(rows.prefetch_related("photos")[:SHOWN])


def published(listing: UUID) -> Listing:
    """Raises Refused."""
    with scope.platform():
        found = _published().prefetch_related("photos").filter(pk=listing).first()
    if found is None:
        raise Refused("unknown_listing", _("这个房源已下架，请看看其他房源。"), status=404)
    return found


def photo(listing: UUID, photo_id: UUID, viewer: Person | None) -> bytes:
    """A photograph of a published listing, or of one's own. Raises Refused."""
    with scope.platform():
        rows = ListingPhoto.objects.filter(pk=photo_id, listing=listing).select_related("listing")
        found = rows.first()
    mine = found is not None and viewer is not None and found.owner_id == viewer.pk
    if found is None or (found.listing.state != ListingState.PUBLISHED and not mine):
        raise Refused("unknown_photo", _("没有找到这张照片。"), status=404)
    return found.picture.open_bytes()


def own(owner: Person) -> list[Listing]:
    rows = Listing.objects.filter(owner=owner).select_related("home__unit__building", "community")
    return list(rows.prefetch_related("photos"))


def viewings(person: Person) -> tuple[list[Viewing], list[Viewing]]:
    """Those this person asked for, and those asked of their listings."""
    with scope.platform():
        rows = Viewing.objects.select_related("listing__home__unit__building", "listing__community")
        mine = list(rows.filter(prospect=person)[:SHOWN])
        return mine, list(rows.filter(listing__owner=person, at__gt=timezone.now() - timedelta(days=1))[:SHOWN])


def leases(person: Person) -> list[Lease]:
    """Those this person holds or has given, the newest first."""
    with scope.platform():
        rows = Lease.objects.select_related("listing__home__unit__building", "listing__community")
        return list(rows.filter(Q(tenant=person) | Q(landlord=person))[:SHOWN])
