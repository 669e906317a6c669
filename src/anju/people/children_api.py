"""Children under fourteen, as their guardians see and decide for them."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from anju.people import guardians
from anju.people.limits import Each
from anju.people.models import Child, Guardianship, person_of
from anju.people.purposes import CHILD
from anju.privacy import api as consents
from anju.privacy import consent
from anju.privacy.api import Act, Agreement, PurposeOut, Standing, Withdrawn

router = Router(tags=["children"])


class GuardianOut(Schema):
    """guardianship: its id. phone: masked, while an invitation is open."""

    guardianship: UUID
    state: Literal["invited", "confirmed"]
    you: bool
    name: str | None
    phone: str | None


class ChildOut(Schema):
    """young: under fourteen, guardians decide. guardianship: one's own."""

    id: UUID
    name: str
    birth_date: date
    young: bool
    guardianship: UUID
    guardians: list[GuardianOut]


class ChildIn(Schema):
    """versions: of the purposes that were read and agreed to for the child, by code."""

    name: str = Field(max_length=80)
    birth_date: date
    versions: dict[str, int]


class PhoneIn(Schema):
    phone: str = Field(max_length=40)


class InvitationOut(Schema):
    """child: the masked name. by: what the inviting guardian calls themselves."""

    guardianship: UUID
    child: str
    by: str | None
    until: datetime


def _guardian(one: Guardianship, you: UUID | None) -> GuardianOut:
    confirmed = one.state == Guardianship.State.CONFIRMED
    known = one.guardian if confirmed else None
    return GuardianOut(
        guardianship=one.pk,
        state="confirmed" if confirmed else "invited",
        you=one.guardian_id == you,
        name=str(known.nickname or "") if known else None,
        phone=str(one.phone) if one.phone else None,
    )


def _child(mine: Guardianship) -> ChildOut:
    child: Child = mine.child
    living = child.guardianships.exclude(state=Guardianship.State.ENDED).select_related("guardian")
    return ChildOut(
        id=child.pk,
        name=child.name.open(),
        birth_date=date.fromisoformat(child.birth_date.open()),
        young=guardians.is_young(child),
        guardianship=mine.pk,
        guardians=[_guardian(one, mine.guardian_id) for one in living],
    )


@router.get("/children", response=list[ChildOut])
def children(request: HttpRequest) -> list[ChildOut]:
    """One's own children."""
    return [_child(one) for one in guardians.children_of(person_of(request.user))]


@router.get("/children/rules", response=list[PurposeOut])
def rules(request: HttpRequest) -> list[PurposeOut]:
    """What a guardian reads and agrees to before a child is added."""
    asked = consent.with_needs(CHILD)
    return [consents.present(consent.Standing(one, consent.ConsentState.NONE, None)) for one in reversed(asked)]


@router.post("/children", response={201: ChildOut}, throttle=[Each("children", 10)])
def add(request: HttpRequest, new: ChildIn) -> Status[ChildOut]:
    person = person_of(request.user)
    made = guardians.add(person, name=new.name, birth_date=new.birth_date, versions=new.versions)
    return Status(201, _child(made))


@router.get("/children/{child}/purposes", response=list[PurposeOut])
def purposes(request: HttpRequest, child: UUID) -> list[PurposeOut]:
    """Guardians only."""
    return consents.standings(guardians.speaking(person_of(request.user), child))


@router.get("/children/{child}/consents", response=list[Act])
def history(request: HttpRequest, child: UUID) -> list[Act]:
    """Guardians only."""
    return consents.history_of(guardians.speaking(person_of(request.user), child))


@router.post("/children/{child}/consents", response={201: Standing})
def agree(request: HttpRequest, child: UUID, agreement: Agreement) -> Status[Standing]:
    """Guardians only."""
    person = person_of(request.user)
    purpose = consent.find(agreement.purpose)
    act = consent.grant(guardians.speaking(person, child), purpose, version=agreement.version, actor=person.pk)
    return Status(201, Standing(purpose=purpose.code, state=consent.ConsentState.GRANTED, since=act.at))


@router.delete("/children/{child}/consents/{purpose}", response=Withdrawn)
def take_back(request: HttpRequest, child: UUID, purpose: str) -> Withdrawn:
    """Guardians only."""
    person = person_of(request.user)
    subject = guardians.speaking(person, child)
    return consents.withdrawn(consent.withdraw(subject, consent.find(purpose), actor=person.pk))


@router.post("/children/{child}/guardians", response={201: ChildOut}, throttle=[Each("guardians", 5)])
def invite(request: HttpRequest, child: UUID, asked: PhoneIn) -> Status[ChildOut]:
    """Guardians only. The answer does not tell whether the number has an account."""
    person = person_of(request.user)
    guardians.invite(person, child, asked.phone)
    return Status(201, _child(guardians.require_guardian(person, child)))


@router.post("/children/{child}/account", response={204: None}, throttle=[Each("guardians", 5)])
def hand_over(request: HttpRequest, child: UUID, asked: PhoneIn) -> Status[None]:
    """Guardians of somebody who has turned fourteen."""
    guardians.hand_over(person_of(request.user), child, asked.phone)
    return Status(204, None)


@router.get("/guardianships", response=list[InvitationOut])
def invitations(request: HttpRequest) -> list[InvitationOut]:
    """Invitations to oneself."""
    return [
        InvitationOut(
            guardianship=one.pk,
            child=str(one.child.name),
            by=str(by.nickname or "") if (by := guardians.inviter(one)) else None,
            until=one.since + guardians.INVITATION_LASTS,
        )
        for one in guardians.invitations_to(person_of(request.user))
    ]


@router.post("/guardianships/{guardianship}/confirm", response={204: None})
def confirm(request: HttpRequest, guardianship: UUID) -> Status[None]:
    """The invited person only."""
    guardians.confirm(person_of(request.user), guardianship)
    return Status(204, None)


@router.delete("/guardianships/{guardianship}", response={204: None})
def end(request: HttpRequest, guardianship: UUID) -> Status[None]:
    """End one's own, decline an invitation, or take back one that oneself sent."""
    guardians.end(person_of(request.user), guardianship)
    return Status(204, None)
