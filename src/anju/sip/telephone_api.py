"""A resident's own telephone, rung for their homes where they want it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from anju.people.limits import Each
from anju.people.models import person_of
from anju.sip import contact_card, telephones

router = Router(tags=["sip"])


class TelephoneHomeOut(Schema):
    """after: seconds without an answer until the telephone is rung; null: it is not. number: of the community, that rings; "": none."""

    home: UUID
    label: str
    number: str
    after: int | None


class TelephonesOut(Schema):
    """phone: the account's own, masked. waits: what may be chosen."""

    phone: str
    homes: list[TelephoneHomeOut]
    waits: list[int]


class TelephoneIn(Schema):
    after: int


@router.get("/sip/telephones", response=TelephonesOut)
def telephone(request: HttpRequest) -> TelephonesOut:
    """For which homes one's telephone is rung, and may be."""
    person = person_of(request.user)
    found = [
        TelephoneHomeOut(home=one.home, label=one.label, number=one.number, after=one.after)
        for one in telephones.choices(person)
    ]
    phone = person.phone.masked() if person.phone is not None and person.phone_verified else ""
    return TelephonesOut(phone=phone, homes=found, waits=list(telephones.WAITS))


@router.put("/sip/telephones/{home}", response={204: None}, throttle=[Each("sip", 30)])
def choose(request: HttpRequest, home: UUID, said: TelephoneIn) -> Status[None]:
    """Have the account's telephone rung for this home."""
    telephones.choose(person_of(request.user), home, said.after)
    return Status(204, None)


@router.delete("/sip/telephones/{home}", response={204: None})
def leave(request: HttpRequest, home: UUID) -> Status[None]:
    """Not any more, from this moment."""
    telephones.leave(person_of(request.user), home)
    return Status(204, None)


@router.get("/sip/telephones/{home}/card", response={200: bytes})
def card(request: HttpRequest, home: UUID) -> HttpResponse:
    """The community's number for the telephone's contacts (vCard)."""
    name, number = telephones.shown_number(person_of(request.user), home)
    return HttpResponse(
        contact_card.card(name, number),
        content_type="text/vcard; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="anju.vcf"', "Cache-Control": "no-store"},
    )
