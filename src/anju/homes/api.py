"""Communities to browse, homes to apply for, and one's own."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from anju.homes import actions, queries
from anju.homes.models import Application, Home, Member, Role
from anju.people.limits import Each
from anju.people.models import person_of

router = Router(tags=["homes"])


class CommunityOut(Schema):
    id: UUID
    name: str
    city: str
    address: str


class Place(Schema):
    id: UUID
    name: str


class BuildingOut(Place):
    units: list[Place]


class HomeChoice(Schema):
    id: UUID
    room: str
    floor: int


class HomeRef(Schema):
    id: UUID
    label: str
    community: Place


class Step(Schema):
    state: Application.State
    at: datetime
    reason: str | None


class ApplicationOut(Schema):
    id: UUID
    state: Application.State
    home: HomeRef
    role: Role
    name: str
    id_number: str
    reason: str | None
    submitted_at: datetime
    decided_at: datetime | None
    history: list[Step]


class ApplicationIn(Schema):
    home: UUID
    role: Role
    name: str = Field(max_length=80)
    id_number: str = Field(max_length=40)


class Objection(Schema):
    text: str = Field(max_length=2000)


class MemberOut(Schema):
    id: UUID
    role: Role
    name: str
    you: bool


class MyHome(Schema):
    id: UUID
    label: str
    community: Place
    role: Role
    since: datetime
    until: datetime | None
    members: list[MemberOut]


def _home(home: Home) -> HomeRef:
    return HomeRef(id=home.pk, label=home.label, community=Place(id=home.community_id, name=home.community.name))


def _application(application: Application) -> ApplicationOut:
    return ApplicationOut(
        id=application.pk,
        state=Application.State(application.state),
        home=_home(application.home),
        role=Role(application.role),
        name=str(application.name),
        id_number=str(application.id_number),
        reason=application.reason.open() if application.reason else None,
        submitted_at=application.submitted_at,
        decided_at=application.decided_at,
        history=[
            Step(state=Application.State(event.state), at=event.at, reason=event.note.open() if event.note else None)
            for event in application.events.all()
        ],
    )


def _my_home(mine: Member, household: list[Member]) -> MyHome:
    return MyHome(
        id=mine.home_id,
        label=mine.home.label,
        community=Place(id=mine.community_id, name=mine.community.name),
        role=Role(mine.role),
        since=mine.since,
        until=mine.until,
        members=[
            MemberOut(id=one.pk, role=Role(one.role), name=str(one.name or ""), you=one.pk == mine.pk)
            for one in household
        ],
    )


@router.get("/communities", response=list[CommunityOut], auth=None)
def communities(request: HttpRequest, q: str = "") -> list[CommunityOut]:
    return [CommunityOut.from_orm(one) for one in queries.communities(q.strip())[:50]]


@router.get("/communities/{community}/buildings", response=list[BuildingOut], auth=None)
def buildings(request: HttpRequest, community: UUID) -> list[BuildingOut]:
    return [
        BuildingOut(id=one.pk, name=one.name, units=[Place(id=unit.pk, name=unit.name) for unit in one.units.all()])
        for one in queries.buildings(community)
    ]


@router.get("/units/{unit}/homes", response=list[HomeChoice])
def homes_of_unit(request: HttpRequest, unit: UUID) -> list[HomeChoice]:
    return [HomeChoice.from_orm(one) for one in queries.homes_of_unit(unit)]


@router.get("/applications", response=list[ApplicationOut])
def applications(request: HttpRequest) -> list[ApplicationOut]:
    return [_application(one) for one in queries.applications(person_of(request.user))]


@router.post("/applications", response={201: ApplicationOut}, throttle=[Each("applications", 10)])
def apply(request: HttpRequest, asked: ApplicationIn) -> Status[ApplicationOut]:
    person = person_of(request.user)
    made = actions.apply(person, queries.home(asked.home), role=asked.role, name=asked.name, id_number=asked.id_number)
    return Status(201, _application(queries.application(person, made.pk)))


@router.post("/applications/{application}/withdraw", response=ApplicationOut)
def withdraw(request: HttpRequest, application: UUID) -> ApplicationOut:
    person = person_of(request.user)
    actions.withdraw(queries.application(person, application))
    return _application(queries.application(person, application))


@router.post("/applications/{application}/dispute", response=ApplicationOut)
def dispute(request: HttpRequest, application: UUID, objection: Objection) -> ApplicationOut:
    person = person_of(request.user)
    actions.dispute(queries.application(person, application), objection.text)
    return _application(queries.application(person, application))


@router.get("/homes", response=list[MyHome])
def my_homes(request: HttpRequest) -> list[MyHome]:
    return [_my_home(mine, household) for mine, household in queries.memberships(person_of(request.user))]
