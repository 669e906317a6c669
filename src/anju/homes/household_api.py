"""A home's own people: inviting, joining, switching ways off, leaving."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from anju.homes import household
from anju.homes.models import InvitationState, Member, MemberInvitation, Role
from anju.people.limits import Each
from anju.people.models import person_of
from anju.privacy import scope

router = Router(tags=["homes"])


class HouseholdInvitation(Schema):
    id: UUID
    name: str
    phone: str
    role: Role
    until: datetime | None
    state: InvitationState
    ends_at: datetime


class HouseholdInvited(Schema):
    """link: where the other person answers, told this once."""

    invitation: HouseholdInvitation
    link: str


class MemberIn(Schema):
    role: Role
    name: str = Field(max_length=40)
    phone: str = Field(max_length=30)
    until: AwareDatetime | None = None


class SecretIn(Schema):
    secret: str = Field(max_length=60)


class JoinIn(SecretIn):
    name: str = Field(max_length=40)


class JoinOut(Schema):
    """What one is invited to. by: as the inviter calls themselves. name: as they wrote it."""

    home: str
    community: str
    role: Role
    until: datetime | None
    by: str
    name: str


class MemberUntil(Schema):
    until: AwareDatetime | None


class MemberWays(Schema):
    """off: the ways in that are switched off."""

    off: list[str] = Field(max_length=10)


class HouseholdMember(Schema):
    id: UUID
    role: Role
    name: str
    until: datetime | None
    ways_off: list[str]


class HomeChild(Schema):
    child: UUID


def _invitation(one: MemberInvitation) -> HouseholdInvitation:
    return HouseholdInvitation(
        id=one.pk,
        name=one.name.open(),
        phone=str(one.phone),
        role=Role(one.role),
        until=one.until,
        state=InvitationState(one.state),
        ends_at=one.ends_at,
    )


def _member(one: Member) -> HouseholdMember:
    return HouseholdMember(
        id=one.pk, role=Role(one.role), name=str(one.name or ""), until=one.until, ways_off=one.ways_off
    )


@router.get("/homes/{home}/invitations", response=list[HouseholdInvitation])
def invitations(request: HttpRequest, home: UUID) -> list[HouseholdInvitation]:
    """Those that wait for an answer; the owner's to see."""
    household.require_owner(person_of(request.user), home)
    return [_invitation(one) for one in household.waiting(home)]


@router.post("/homes/{home}/invitations", response={201: HouseholdInvited}, throttle=[Each("members", 5)])
def invite(request: HttpRequest, home: UUID, asked: MemberIn) -> Status[HouseholdInvited]:
    owner = person_of(request.user)
    made = household.invite(owner, home, role=asked.role, name=asked.name, phone=asked.phone, until=asked.until)
    link = request.build_absolute_uri(f"/join#{made.secret}")
    return Status(201, HouseholdInvited(invitation=_invitation(made.invitation), link=link))


@router.delete("/homes/invitations/{invitation}", response={204: None})
def take_back(request: HttpRequest, invitation: UUID) -> Status[None]:
    household.take_back(person_of(request.user), invitation)
    return Status(204, None)


@router.post("/homes/join/read", response=JoinOut, throttle=[Each("join", 20)])
def read(request: HttpRequest, asked: SecretIn) -> JoinOut:
    """What a link leads to. The secret travels in the body, which no log sees."""
    found = household.read(person_of(request.user), asked.secret)
    return JoinOut(
        home=found.home.label,
        community=found.community.name,
        role=Role(found.role),
        until=found.until,
        by=str(found.inviter.nickname or ""),
        name=found.name.open(),
    )


@router.post("/homes/join", response={201: HouseholdMember}, throttle=[Each("join", 20)])
def join(request: HttpRequest, asked: JoinIn) -> Status[HouseholdMember]:
    return Status(201, _member(household.accept(person_of(request.user), asked.secret, name=asked.name)))


@router.post("/homes/join/decline", response={204: None}, throttle=[Each("join", 20)])
def decline(request: HttpRequest, asked: SecretIn) -> Status[None]:
    household.decline(person_of(request.user), asked.secret)
    return Status(204, None)


@router.post("/homes/{home}/children", response={201: HouseholdMember}, throttle=[Each("members", 5)])
def add_child(request: HttpRequest, home: UUID, asked: HomeChild) -> Status[HouseholdMember]:
    """A guardian brings their child into their own home."""
    return Status(201, _member(household.add_child(person_of(request.user), home, asked.child)))


@router.get("/homes/{home}/household", response=list[HouseholdMember])
def members(request: HttpRequest, home: UUID) -> list[HouseholdMember]:
    """Everybody of the home, with what is switched off for them; the owner's to see."""
    mine = household.require_owner(person_of(request.user), home)
    with scope.community(mine.community_id):
        return [_member(one) for one in Member.objects.living().filter(home=home).order_by("since")]


@router.delete("/homes/members/{member}", response={204: None})
def remove(request: HttpRequest, member: UUID) -> Status[None]:
    """End a membership now: one's own, a child's, or (as the owner) a family member's or tenant's."""
    household.remove(person_of(request.user), member)
    return Status(204, None)


@router.post("/homes/members/{member}/until", response=HouseholdMember)
def prolong(request: HttpRequest, member: UUID, asked: MemberUntil) -> HouseholdMember:
    return _member(household.prolong(person_of(request.user), member, asked.until))


@router.post("/homes/members/{member}/ways", response=HouseholdMember)
def set_ways(request: HttpRequest, member: UUID, asked: MemberWays) -> HouseholdMember:
    return _member(household.set_ways(person_of(request.user), member, asked.off))
