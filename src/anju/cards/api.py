"""One's own cards."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status

from anju.cards import actions
from anju.cards.models import Card
from anju.homes.models import Community
from anju.people.models import person_of

router = Router(tags=["cards"])


class CardOut(Schema):
    id: UUID
    number: str
    community: str
    issued_at: datetime


@router.get("/cards", response=list[CardOut])
def cards(request: HttpRequest) -> list[CardOut]:
    held = list(Card.objects.filter(person=person_of(request.user)))
    names = dict(Community.objects.filter(pk__in=[one.community_id for one in held]).values_list("pk", "name"))
    return [
        CardOut(id=one.pk, number=str(one.number), community=names[one.community_id], issued_at=one.issued_at)
        for one in held
    ]


@router.post("/cards/{card}/lost", response={204: None})
def lost(request: HttpRequest, card: UUID) -> Status[None]:
    """It opens nothing from now on."""
    actions.lost(person_of(request.user), card)
    return Status(204, None)
