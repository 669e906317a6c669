"""The right of a card to open: as long as its holder lives here."""

from collections.abc import Iterable
from uuid import UUID

from anju.access import residence, sources
from anju.cards.models import Card
from anju.cards.purposes import GATE_CARD
from anju.privacy import consent

CARD = frozenset({"card"})


@sources.offers
def _offer(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    held = Card.objects.filter(person=person, community=community).first()
    lives = residence.window(person, community)
    if held is None or lives is None or "card" in residence.switched_off(person, community):
        return
    if consent.granted(person, GATE_CARD):
        yield sources.Offer("card", CARD, *lives, marks=[f"card:{held.number.open()}"], at=residence.is_for_people)


sources.written_down_for(GATE_CARD, "card")
