"""Homes to let: looking, and one's own listings."""

from datetime import date, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile
from ninja.throttling import AnonRateThrottle
from pydantic import Field

from anju.people.limits import Each
from anju.people.models import Person, person_of
from anju.rentals import listings, queries
from anju.rentals.models import Listing, ListingState

router = Router(tags=["rentals"])


class ListingOut(Schema):
    """As everybody sees it: the building, and neither door nor owner. Money in fen a month."""

    id: UUID
    title: str
    text: str
    terms: str
    community: str
    address: str
    building: str
    floor: int
    area: float | None
    rent: int
    deposit: int
    rooms: int
    available_from: date
    fewest_months: int
    photos: list[UUID]
    yours: bool


class OwnListing(Schema):
    """As its owner sees it: with the door."""

    listing: ListingOut
    home: UUID
    label: str
    state: ListingState
    made_at: datetime


class ListingIn(Schema):
    title: str = Field(max_length=60)
    text: str = Field(max_length=3000)
    terms: str = Field(default="", max_length=2000)
    rent: int
    deposit: int = 0
    rooms: int
    available_from: date
    fewest_months: int = 1

    def facts(self) -> listings.Facts:
        return listings.Facts(
            self.title,
            self.text,
            self.terms,
            self.rent,
            self.deposit,
            self.rooms,
            self.available_from,
            self.fewest_months,
        )


class NewListing(ListingIn):
    home: UUID


class PublishIn(Schema):
    published: bool


def _listing(listing: Listing, viewer: Person | None) -> ListingOut:
    home = listing.home
    return ListingOut(
        id=listing.pk,
        title=listing.title.open(),
        text=listing.text.open(),
        terms=listing.terms.open() if listing.terms else "",
        community=listing.community.name,
        address=f"{listing.community.city}{listing.community.address}",
        building=home.unit.building.name,
        floor=home.floor,
        area=float(home.area) if home.area is not None else None,
        rent=listing.rent,
        deposit=listing.deposit,
        rooms=listing.rooms,
        available_from=listing.available_from,
        fewest_months=listing.fewest_months,
        photos=[photo.pk for photo in listing.photos.all()],
        yours=viewer is not None and listing.owner_id == viewer.pk,
    )


def _viewer(request: HttpRequest) -> Person | None:
    return request.user if isinstance(request.user, Person) else None


def _own(listing: Listing, owner: Person) -> OwnListing:
    return OwnListing(
        listing=_listing(listing, owner),
        home=listing.home_id,
        label=listing.home.label,
        state=ListingState(listing.state),
        made_at=listing.made_at,
    )


@router.get("/rentals", response=list[ListingOut], auth=None, throttle=[AnonRateThrottle("120/m")])
def search(
    request: HttpRequest,
    q: str = "",
    least: int | None = None,
    most: int | None = None,
    rooms: int | None = None,
) -> list[ListingOut]:
    """Open to everybody."""
    found = queries.search(queries.Search(q.strip()[:60], least, most, rooms))
    return [_listing(one, _viewer(request)) for one in found]


@router.get("/rentals/mine", response=list[OwnListing])
def mine(request: HttpRequest) -> list[OwnListing]:
    owner = person_of(request.user)
    return [_own(one, owner) for one in queries.own(owner)]


@router.get("/rentals/{listing}", response=ListingOut, auth=None)
def one(request: HttpRequest, listing: UUID) -> ListingOut:
    """Open to everybody."""
    return _listing(queries.published(listing), _viewer(request))


@router.get("/rentals/{listing}/photos/{photo}", response={200: None}, auth=None)
def photo(request: HttpRequest, listing: UUID, photo: UUID) -> HttpResponse:
    """A JPEG; open to everybody while the listing is."""
    answer = HttpResponse(queries.photo(listing, photo, _viewer(request)), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=300"
    return answer


@router.post("/rentals", response={201: OwnListing}, throttle=[Each("rentals", 10)])
def make(request: HttpRequest, asked: NewListing) -> Status[OwnListing]:
    owner = person_of(request.user)
    made = listings.make(owner, asked.home, asked.facts())
    return Status(201, _own(listings.own(owner, made.pk), owner))


@router.patch("/rentals/{listing}", response=OwnListing)
def change(request: HttpRequest, listing: UUID, asked: ListingIn) -> OwnListing:
    owner = person_of(request.user)
    return _own(listings.change(owner, listing, asked.facts()), owner)


@router.post("/rentals/{listing}/photos", response=OwnListing, throttle=[Each("photos", 10)])
def add_photos(request: HttpRequest, listing: UUID, photos: File[list[UploadedFile]]) -> OwnListing:
    owner = person_of(request.user)
    return _own(listings.add_photos(owner, listing, [one.read() for one in photos]), owner)


@router.delete("/rentals/{listing}/photos/{photo}", response=OwnListing)
def remove_photo(request: HttpRequest, listing: UUID, photo: UUID) -> OwnListing:
    owner = person_of(request.user)
    return _own(listings.remove_photo(owner, listing, photo), owner)


@router.post("/rentals/{listing}/publish", response=OwnListing)
def publish(request: HttpRequest, listing: UUID, asked: PublishIn) -> OwnListing:
    owner = person_of(request.user)
    return _own(listings.set_state(owner, listing, published=asked.published), owner)


@router.delete("/rentals/{listing}", response={204: None})
def remove(request: HttpRequest, listing: UUID) -> Status[None]:
    listings.remove(person_of(request.user), listing)
    return Status(204, None)
