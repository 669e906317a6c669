"""Reading a resident's own cars, parking and movements."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from anju.homes.models import Home, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.vehicles.models import Car, Movement, Parking, ParkingRequest, Space, VisitorCar

SHOWN = 100


@dataclass(frozen=True)
class Place:
    """A home of somebody's: its spaces, its monthly parking and what they have asked for."""

    home: Home
    spaces: list[Space]
    parking: Parking | None
    request: ParkingRequest | None

    @property
    def may_park(self) -> bool:
        """Whether the home's cars may come in now."""
        now = timezone.now()
        return bool(self.spaces) or (self.parking is not None and self.parking.since <= now)


def places(person: Person) -> list[Place]:
    """Where this person lives, with what their cars have there."""
    mine = list(Member.objects.living().filter(person=person).select_related("home__unit__building"))
    asked = ParkingRequest.objects.filter(person=person).order_by("-asked_at")
    with scope.community(*{member.community_id for member in mine}):
        return [
            Place(
                home=one.home,
                spaces=list(Space.objects.filter(home=one.home_id)),
                parking=Parking.objects.lasting().filter(home=one.home_id).select_related("space").first(),
                request=asked.filter(home=one.home_id).first(),
            )
            for one in mine
        ]


def cars(person: Person) -> QuerySet[Car]:
    return Car.objects.filter(person=person).select_related("community")


def visitor_cars(host: Person) -> QuerySet[VisitorCar]:
    """Expected ones first, then the latest."""
    return VisitorCar.objects.filter(host=host).select_related("home__unit__building").order_by("-until")[:SHOWN]


def movements(person: Person) -> list[Movement]:
    """The comings and goings of one's own cars and of those one expected, the latest first."""
    rows = Movement.objects.filter(person=person).select_related("car", "visitor_car").order_by("-at")[:SHOWN]
    found = list(rows)
    with scope.community(*{one.community_id for one in found}):
        for one in found:
            one.gate.name  # noqa: B018  gates are their community's: read while it is in sight
    return found
