"""A resident's cars."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from anju.grants import plates
from anju.people.limits import Each
from anju.people.models import person_of
from anju.vehicles import actions, queries
from anju.vehicles.models import Car, Parking, ParkingRequest, VisitorCar

router = Router(tags=["vehicles"])


class CarHome(Schema):
    id: UUID
    label: str


class CarOut(Schema):
    id: UUID
    plate: str
    kind: plates.Kind
    state: Car.State
    community: str
    inside_since: datetime | None


class VisitorCarOut(Schema):
    """over: its window has passed, or it was called off."""

    id: UUID
    plate: str
    home: CarHome
    since: datetime
    until: datetime
    over: bool
    inside_since: datetime | None


class ParkingOut(Schema):
    space: str | None
    since: datetime
    until: datetime


class ParkingRequestOut(Schema):
    id: UUID
    months: int
    state: ParkingRequest.State
    asked_at: datetime


class ParkingPlace(Schema):
    """may_park: whether the home's cars may come in now."""

    home: CarHome
    spaces: list[str]
    parking: ParkingOut | None
    request: ParkingRequestOut | None
    may_park: bool


class MovementOut(Schema):
    id: UUID
    plate: str
    visitor: bool
    gate: str
    at: datetime
    outwards: bool


class CarIn(Schema):
    home: UUID
    plate: Annotated[str, Field(max_length=20)]


class VisitorCarIn(CarIn):
    since: AwareDatetime
    until: AwareDatetime


class ParkingIn(Schema):
    home: UUID
    months: Annotated[int, Field(ge=1, le=actions.MOST_MONTHS)]


def _car(car: Car) -> CarOut:
    plate = car.plate.open()
    return CarOut(
        id=car.pk,
        plate=plate,
        kind=plates.kind_of(plate),
        state=Car.State(car.state),
        community=car.community.name,
        inside_since=car.inside_since,
    )


def _visitor(car: VisitorCar) -> VisitorCarOut:
    return VisitorCarOut(
        id=car.pk,
        plate=car.plate.open(),
        home=CarHome(id=car.home_id, label=car.home.label),
        since=car.since,
        until=car.until,
        over=car.until <= timezone.now(),
        inside_since=car.inside_since,
    )


def _request(asked: ParkingRequest) -> ParkingRequestOut:
    return ParkingRequestOut(
        id=asked.pk, months=asked.months, state=ParkingRequest.State(asked.state), asked_at=asked.asked_at
    )


def _parking(let: Parking) -> ParkingOut:
    return ParkingOut(space=let.space.name if let.space else None, since=let.since, until=let.until)


def _place(place: queries.Place) -> ParkingPlace:
    let = place.parking
    return ParkingPlace(
        home=CarHome(id=place.home.pk, label=place.home.label),
        spaces=[one.name for one in place.spaces],
        parking=None if let is None else _parking(let),
        request=None if place.request is None else _request(place.request),
        may_park=place.may_park,
    )


@router.get("/vehicles/places", response=list[ParkingPlace])
def places(request: HttpRequest) -> list[ParkingPlace]:
    """One's homes, with their spaces and monthly parking."""
    return [_place(one) for one in queries.places(person_of(request.user))]


@router.get("/vehicles/cars", response=list[CarOut])
def cars(request: HttpRequest) -> list[CarOut]:
    return [_car(one) for one in queries.cars(person_of(request.user))]


@router.post("/vehicles/cars", response={201: CarOut}, throttle=[Each("vehicles", 10)])
def add(request: HttpRequest, asked: CarIn) -> Status[CarOut]:
    """A plate that another household has waits for staff, who look at the papers."""
    return Status(201, _car(actions.add_car(person_of(request.user), home=asked.home, plate=asked.plate)))


@router.delete("/vehicles/cars/{car}", response={204: None})
def remove(request: HttpRequest, car: UUID) -> Status[None]:
    actions.remove_car(person_of(request.user), car)
    return Status(204, None)


@router.get("/vehicles/visitors", response=list[VisitorCarOut])
def visitors(request: HttpRequest) -> list[VisitorCarOut]:
    """Cars that one has expected, the latest first."""
    return [_visitor(one) for one in queries.visitor_cars(person_of(request.user))]


@router.post("/vehicles/visitors", response={201: VisitorCarOut}, throttle=[Each("vehicles", 10)])
def expect(request: HttpRequest, asked: VisitorCarIn) -> Status[VisitorCarOut]:
    window = actions.Window(asked.since, asked.until)
    made = actions.expect_car(person_of(request.user), home=asked.home, plate=asked.plate, window=window)
    return Status(201, _visitor(made))


@router.delete("/vehicles/visitors/{car}", response={204: None})
def call_off(request: HttpRequest, car: UUID) -> Status[None]:
    actions.call_off(person_of(request.user), car)
    return Status(204, None)


@router.post("/vehicles/parking", response={201: ParkingRequestOut}, throttle=[Each("vehicles", 10)])
def ask_parking(request: HttpRequest, asked: ParkingIn) -> Status[ParkingRequestOut]:
    """Ask for monthly parking, or to prolong it; staff confirm it."""
    return Status(201, _request(actions.ask_parking(person_of(request.user), home=asked.home, months=asked.months)))


@router.delete("/vehicles/parking/{asked}", response={204: None})
def withdraw(request: HttpRequest, asked: UUID) -> Status[None]:
    actions.withdraw_request(person_of(request.user), asked)
    return Status(204, None)


@router.get("/vehicles/movements", response=list[MovementOut])
def movements(request: HttpRequest) -> list[MovementOut]:
    """Comings and goings of one's own cars and of those one expected."""
    return [
        MovementOut(
            id=one.pk,
            plate=one.plate,
            visitor=one.visitor_car_id is not None,
            gate=one.gate.name,
            at=one.at,
            outwards=one.outwards,
        )
        for one in queries.movements(person_of(request.user))
    ]
