"""A host's visitors."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from anju.people.limits import Each
from anju.people.models import person_of
from anju.visitors import actions, queries
from anju.visitors.models import Pass, PassState, Visitor

router = Router(tags=["visitors"])


class VisitHome(Schema):
    id: UUID
    label: str


class VisitGate(Schema):
    id: UUID
    name: str


class VisitorOut(Schema):
    id: UUID
    name: str
    phone: str
    frequent: bool


class PassOut(Schema):
    """over: its time has passed, or it has ended. inside: came in and has not left."""

    id: UUID
    visitor: VisitorOut
    home: VisitHome
    since: datetime
    until: datetime
    gates: list[VisitGate]
    uses: int | None
    number: str
    walk_in: bool
    state: PassState
    over: bool
    inside: bool
    arrived_at: datetime | None
    left_at: datetime | None


class PassMade(Schema):
    """link: where the visitor answers, told this once; null for whoever has answered before."""

    visit: PassOut
    link: str | None


class VisitPlace(Schema):
    home: VisitHome
    gates: list[VisitGate]


class WindowIn(Schema):
    """gates: none means all. uses: how often at each gate; null means without limit."""

    home: UUID
    since: AwareDatetime
    until: AwareDatetime
    gates: list[UUID] = Field(default_factory=list, max_length=200)
    uses: Annotated[int, Field(ge=1, le=actions.MOST_USES)] | None = None


class InvitationIn(WindowIn):
    name: str = Field(max_length=40)
    phone: str = Field(max_length=30)
    frequent: bool = False


class UntilIn(Schema):
    until: AwareDatetime


class LinkOut(Schema):
    link: str


class FrequentIn(Schema):
    frequent: bool


class AnswerIn(Schema):
    let_in: bool


def _link(request: HttpRequest, secret: str) -> str:
    """Its secret stands behind the #, which no server or log ever sees."""
    return request.build_absolute_uri(f"/visit#{secret}")


def _visitor(visitor: Visitor) -> VisitorOut:
    """In full: the host wrote it down."""
    return VisitorOut(id=visitor.pk, name=visitor.name.open(), phone=visitor.phone.open(), frequent=visitor.frequent)


def _pass(visit: Pass) -> PassOut:
    return PassOut(
        id=visit.pk,
        visitor=_visitor(visit.visitor),
        home=VisitHome(id=visit.home_id, label=visit.home.label),
        since=visit.since,
        until=visit.until,
        gates=[VisitGate(id=gate.pk, name=gate.name) for gate in queries.gates_of(visit)],
        uses=visit.uses,
        number=visit.number,
        walk_in=visit.walk_in,
        state=PassState(visit.state),
        over=visit.until <= timezone.now() or visit.state not in Pass.OPEN,
        inside=visit.inside_since is not None,
        arrived_at=visit.arrived_at,
        left_at=visit.left_at,
    )


@router.get("/visitors/places", response=list[VisitPlace])
def places(request: HttpRequest) -> list[VisitPlace]:
    """Where one may invite to: one's homes, with their community's gates."""
    return [
        VisitPlace(
            home=VisitHome(id=home.pk, label=home.label),
            gates=[VisitGate(id=gate.pk, name=gate.name) for gate in gates],
        )
        for home, gates in queries.places(person_of(request.user))
    ]


@router.get("/visitors/passes", response=list[PassOut])
def passes(request: HttpRequest) -> list[PassOut]:
    """One's own passes: those that are open first, then the latest."""
    return [_pass(one) for one in queries.passes(person_of(request.user))]


@router.get("/visitors/passes/{visit}", response=PassOut)
def one(request: HttpRequest, visit: UUID) -> PassOut:
    return _pass(queries.own_pass(person_of(request.user), visit))


@router.get("/visitors", response=list[VisitorOut])
def visitors(request: HttpRequest) -> list[VisitorOut]:
    """Whom one may invite again without typing, frequent ones first."""
    return [_visitor(one) for one in queries.visitors(person_of(request.user))]


@router.post("/visitors/passes", response={201: PassMade}, throttle=[Each("visits", 10)])
def invite(request: HttpRequest, asked: InvitationIn) -> Status[PassMade]:
    host = person_of(request.user)
    made = actions.invite(
        host,
        home=asked.home,
        name=asked.name,
        phone=asked.phone,
        window=actions.Window(asked.since, asked.until),
        gates=asked.gates,
        uses=asked.uses,
        frequent=asked.frequent,
    )
    visit = _pass(queries.own_pass(host, made.visit.pk))
    return Status(201, PassMade(visit=visit, link=_link(request, made.secret)))


@router.post("/visitors/{visitor}/passes", response={201: PassMade}, throttle=[Each("visits", 10)])
def invite_again(request: HttpRequest, visitor: UUID, asked: WindowIn) -> Status[PassMade]:
    host = person_of(request.user)
    window = actions.Window(asked.since, asked.until)
    made = actions.invite_again(host, visitor, home=asked.home, window=window, gates=asked.gates, uses=asked.uses)
    return Status(201, PassMade(visit=_pass(queries.own_pass(host, made.pk)), link=None))


@router.post("/visitors/passes/{visit}/revoke", response=PassOut)
def revoke(request: HttpRequest, visit: UUID) -> PassOut:
    return _pass(actions.revoke(person_of(request.user), visit))


@router.post("/visitors/passes/{visit}/extend", response=PassOut)
def extend(request: HttpRequest, visit: UUID, asked: UntilIn) -> PassOut:
    return _pass(actions.extend(person_of(request.user), visit, asked.until))


@router.post("/visitors/passes/{visit}/answer", response=PassOut)
def answer(request: HttpRequest, visit: UUID, asked: AnswerIn) -> PassOut:
    """Whether somebody who stands at the gate may come in."""
    return _pass(actions.answer(person_of(request.user), visit, let_in=asked.let_in))


@router.post("/visitors/{visitor}/link", response=LinkOut, throttle=[Each("visits", 10)])
def new_link(request: HttpRequest, visitor: UUID) -> LinkOut:
    """A new link; the one before leads nowhere any more."""
    return LinkOut(link=_link(request, actions.new_link(person_of(request.user), visitor)))


@router.post("/visitors/{visitor}/frequent", response=VisitorOut)
def set_frequent(request: HttpRequest, visitor: UUID, asked: FrequentIn) -> VisitorOut:
    return _visitor(actions.set_frequent(person_of(request.user), visitor, asked.frequent))


@router.delete("/visitors/{visitor}", response={204: None})
def forget(request: HttpRequest, visitor: UUID) -> Status[None]:
    actions.forget_own(person_of(request.user), visitor)
    return Status(204, None)
