"""Red packets: laying one out, looking at it, taking a share."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from anju.packets import actions, queries
from anju.packets.models import Packet, PacketState, Share, ShareState, Split
from anju.people.limits import Each
from anju.people.models import Person, person_of
from anju.privacy import scope
from anju.wallet.api import WalletMovementOut

router = Router(tags=["packets"])


class PacketIn(Schema):
    """home: one of one's own. members_only: for its other members; otherwise for whoever lives in the community and has the link."""

    home: UUID
    members_only: bool
    amount: int
    count: int
    split: Split
    greeting: str = Field("", max_length=60)
    password: str = Field(max_length=6)
    wish: UUID | None = None


class ShareOut(Schema):
    """name: as whoever took it calls themselves. best: the largest of a lucky packet that has been taken whole."""

    name: str
    amount: int
    at: datetime | None
    best: bool


class PacketOut(Schema):
    """Fen. taken: how many shares. mine: what one has taken oneself. shares: for the sender, and for whoever has taken one."""

    id: UUID
    sender: str
    own: bool
    greeting: str
    members_only: bool
    amount: int
    count: int
    taken: int
    split: Split
    state: PacketState
    at: datetime
    until: datetime | None
    mine: int | None
    arriving: bool
    shares: list[ShareOut]


class SentOut(Schema):
    """movement: what the wallet makes of it; its code may be wanted."""

    packet: UUID
    movement: WalletMovementOut


def _present(packet: Packet, person: Person) -> PacketOut:
    with scope.platform():
        shares = list(packet.shares.all())
        sender = Person.objects.filter(pk=packet.sender).first()
        greeting = packet.greeting.masked() if packet.greeting else ""
        taken = [one for one in shares if one.state in (ShareState.TAKING, ShareState.TAKEN)]
        mine = next((one for one in taken if one.person == person.pk), None)
        shown = _shares(packet, taken) if mine or packet.sender == person.pk else []
    return PacketOut(
        id=packet.pk, sender=queries.name(sender), own=packet.sender == person.pk, greeting=greeting,
        members_only=packet.home_id is not None, amount=packet.amount, count=packet.count, taken=len(taken),
        split=Split(packet.split), state=PacketState(packet.state), at=packet.at, until=packet.until,
        mine=mine.amount if mine else None, arriving=mine is not None and mine.state == ShareState.TAKING, shares=shown,
    )  # fmt: skip


def _shares(packet: Packet, taken: list[Share]) -> list[ShareOut]:
    people = {one.pk: one for one in Person.objects.filter(pk__in=[share.person for share in taken])}
    whole = packet.split == Split.LUCKY and packet.state == PacketState.EMPTY and packet.count > 1
    best = max(taken, key=lambda one: one.amount).pk if whole and taken else None
    return [
        ShareOut(
            name=queries.name(people.get(one.person) if one.person else None), amount=one.amount, at=one.at,
            best=one.pk == best,
        )
        for one in taken
    ]  # fmt: skip


@router.post("/packets", response=SentOut, throttle=Each("packet", 10))
def send(request: HttpRequest, data: PacketIn) -> SentOut:
    person = person_of(request.user)
    packet, moved = actions.send(request, person, **data.dict())
    return SentOut(packet=packet.pk, movement=WalletMovementOut.of(moved, person.pk))


@router.get("/packets", response=list[PacketOut])
def packets(request: HttpRequest) -> list[PacketOut]:
    """What one has sent, what one has taken, and what one's home mates have laid out. Newest first."""
    person = person_of(request.user)
    return [_present(one, person) for one in queries.of(person)]


@router.get("/packets/{packet}", response=PacketOut)
def packet(request: HttpRequest, packet: UUID) -> PacketOut:
    person = person_of(request.user)
    return _present(actions.find(person, packet), person)


@router.post("/packets/{packet}/take", response=PacketOut, throttle=Each("take", 20))
def take(request: HttpRequest, packet: UUID) -> PacketOut:
    person = person_of(request.user)
    actions.take(person, packet)
    return _present(actions.find(person, packet), person)
