"""Viewings and leases: what a prospect asks for, what an owner answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from anju.people.limits import Each
from anju.people.models import Person, person_of
from anju.rentals import leases, queries, viewings
from anju.rentals.models import Lease, LeaseState, Viewing, ViewingState

router = Router(tags=["rentals"])


class RentedHome(Schema):
    id: UUID
    title: str
    community: str


class ViewingOut(Schema):
    """link: with which a prospect comes in, theirs alone to see. name, phone: of the prospect, for both sides."""

    id: UUID
    side: Literal["prospect", "owner"]
    listing: RentedHome
    at: datetime
    state: ViewingState
    name: str
    phone: str
    link: str


class ViewingIn(Schema):
    at: AwareDatetime
    name: str = Field(max_length=40)
    phone: str = Field(max_length=30)


class RentalAnswer(Schema):
    agree: bool


class LeaseOut(Schema):
    """home: the door, told once the lease is offered. name: of the tenant. Money in fen."""

    id: UUID
    side: Literal["tenant", "landlord"]
    listing: RentedHome
    home: str
    name: str
    note: str
    since: datetime
    until: datetime
    rent: int
    deposit: int
    state: LeaseState


class LeaseIn(Schema):
    name: str = Field(max_length=40)
    note: str = Field(default="", max_length=600)
    since: AwareDatetime
    until: AwareDatetime


class Dealings(Schema):
    viewings: list[ViewingOut]
    leases: list[LeaseOut]


def _viewing(one: Viewing, person: Person) -> ViewingOut:
    prospect = one.prospect_id == person.pk
    listing = one.listing
    return ViewingOut(
        id=one.pk,
        side="prospect" if prospect else "owner",
        listing=RentedHome(id=listing.pk, title=listing.title.open(), community=listing.community.name),
        at=one.at,
        state=ViewingState(one.state),
        name=one.name.open(),
        phone=one.phone.open(),
        link=one.link.open() if prospect and one.link else "",
    )


def _lease(one: Lease, person: Person) -> LeaseOut:
    landlord, listing = one.landlord_id == person.pk, one.listing
    told = landlord or one.state in (LeaseState.OFFERED, LeaseState.ACTIVE, LeaseState.ENDED)
    return LeaseOut(
        id=one.pk,
        side="landlord" if landlord else "tenant",
        listing=RentedHome(id=listing.pk, title=listing.title.open(), community=listing.community.name),
        home=listing.home.label if told else "",
        name=one.name.open(),
        note=one.note.open() if one.note else "",
        since=one.since,
        until=one.until,
        rent=one.rent,
        deposit=one.deposit,
        state=LeaseState(one.state),
    )


@router.get("/rentals/dealings", response=Dealings)
def dealings(request: HttpRequest) -> Dealings:
    """What one has asked for, and what was asked of one's listings."""
    person = person_of(request.user)
    mine, asked = queries.viewings(person)
    return Dealings(
        viewings=[_viewing(one, person) for one in (*asked, *mine)],
        leases=[_lease(one, person) for one in queries.leases(person)],
    )


@router.post("/rentals/{listing}/viewings", response={201: Dealings}, throttle=[Each("viewings", 5)])
def ask(request: HttpRequest, listing: UUID, asked: ViewingIn) -> Status[Dealings]:
    viewings.ask(person_of(request.user), listing, at=asked.at, name=asked.name, phone=asked.phone)
    return Status(201, dealings(request))


@router.post("/viewings/{viewing}/answer", response=Dealings)
def answer_viewing(request: HttpRequest, viewing: UUID, asked: RentalAnswer) -> Dealings:
    origin = request.build_absolute_uri("/").rstrip("/")
    viewings.answer(person_of(request.user), viewing, agree=asked.agree, origin=origin)
    return dealings(request)


@router.post("/viewings/{viewing}/cancel", response=Dealings)
def cancel_viewing(request: HttpRequest, viewing: UUID) -> Dealings:
    viewings.cancel(person_of(request.user), viewing)
    return dealings(request)


@router.post("/rentals/{listing}/leases", response={201: Dealings}, throttle=[Each("leases", 5)])
def apply(request: HttpRequest, listing: UUID, asked: LeaseIn) -> Status[Dealings]:
    tenant = person_of(request.user)
    leases.apply(tenant, listing, name=asked.name, note=asked.note, since=asked.since, until=asked.until)
    return Status(201, dealings(request))


@router.post("/leases/{lease}/answer", response=Dealings)
def answer_lease(request: HttpRequest, lease: UUID, asked: RentalAnswer) -> Dealings:
    leases.answer(person_of(request.user), lease, agree=asked.agree)
    return dealings(request)


@router.post("/leases/{lease}/confirm", response=Dealings)
def confirm_lease(request: HttpRequest, lease: UUID) -> Dealings:
    leases.confirm(person_of(request.user), lease)
    return dealings(request)


@router.post("/leases/{lease}/withdraw", response=Dealings)
def withdraw_lease(request: HttpRequest, lease: UUID) -> Dealings:
    leases.withdraw(person_of(request.user), lease)
    return dealings(request)


@router.post("/leases/{lease}/end", response=Dealings)
def end_lease(request: HttpRequest, lease: UUID) -> Dealings:
    leases.end(person_of(request.user), lease)
    return dealings(request)
