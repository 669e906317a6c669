"""Whose plate it is: the vault alone leads from a plate to a person, for each community by itself."""

from uuid import UUID

from django.db import connection

from anju.privacy import scope
from anju.privacy.vault import Erased, vault
from anju.vehicles.models import Car


def _kind(community: UUID) -> str:
    return f"plate.{community}"


def hold(community: UUID) -> None:
    """From here to the end of the transaction nobody else changes whose plates these are."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [community.int & (2**63 - 1)])


def owned(community: UUID, plate: str) -> Car | None:
    """The car that is known under this plate. The index may remember what a roll-back undid: the row decides."""
    person = vault().find(_kind(community), plate)
    if person is None:
        return None
    with scope.platform():
        cars = Car.objects.filter(person=person, community=community, state=Car.State.KNOWN).select_related("person")
        return next((car for car in cars if reads(car, plate)), None)


def reads(car: Car, plate: str) -> bool:
    """Whether this is the car's plate."""
    try:
        return bool(car.plate.open() == plate)
    except Erased:
        return False


def keep(person: UUID, community: UUID) -> None:
    """Bring the index in line with this person's known cars in the community."""
    kind = _kind(community)
    with scope.platform():
        cars = list(Car.objects.filter(person=person, community=community, state=Car.State.KNOWN))
    if cars and vault().knows(person):
        vault().claim_many([(kind, car.plate.open(), person) for car in cars])
    else:
        vault().release(kind, person)
