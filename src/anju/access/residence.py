"""The right to come in of whoever lives here: as long as they do, in the ways they agreed to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np

from anju.access import sources
from anju.access.models import RESIDENCE, Face, Gate, GateFace, PhoneKey
from anju.access.purposes import FACE_AT_GATE, FACE_OPENING, GATE_OPENING
from anju.homes.models import Member
from anju.privacy import consent
from anju.privacy.vault import Erased
from anju.recognition.faces import DIMENSIONS, Vector


def window(person: UUID, community: UUID) -> tuple[datetime, datetime | None] | None:
    """The unbroken time, now or next, in which this person belongs to the community; None: not now and not later."""
    members = Member.objects.filter(person=person, community=community).lasting().order_by("since")
    spans = list(members.values_list("since", "until"))
    if not spans:
        return None
    since, until = spans[0]
    for begins, ends in spans[1:]:
        if until is None or begins > until:  # nobody lives here between two tenancies
            break
        until = ends and max(until, ends)
    return since, until


@sources.offers
def _offer(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    lasts = window(person, community)
    if lasts is None:
        return
    ways: set[str] = set()
    keys: list[tuple[UUID, bytes]] = []
    if consent.granted(person, GATE_OPENING):
        ways.add("remote")
        keys = [(key.pk, bytes(key.public)) for key in PhoneKey.objects.filter(person=person)]
        if keys:
            ways |= {"qr", "nearby"}
    face = _face(person)
    if face is not None:
        ways.add("face")
    ways -= switched_off(person, community)
    since, until = lasts
    face = face if "face" in ways else None
    homes = Member.objects.filter(person=person, community=community).lasting().values_list("home_id", flat=True)
    floors = sources.floors_of(list(homes))
    yield sources.Offer(RESIDENCE, frozenset(ways), since, until, keys=keys, face=face, floors=floors, at=is_for_people)


def is_for_people(gate: Gate) -> bool:
    """Who may drive in is another question: living here is no parking space (anju.vehicles)."""
    return gate.kind != Gate.Kind.BARRIER


def switched_off(person: UUID, community: UUID) -> set[str]:
    """The ways that whoever owns the home has switched off; one who belongs to another home as well keeps what that one leaves."""
    members = Member.objects.filter(person=person, community=community).living()
    off = [set(one) for one in members.values_list("ways_off", flat=True)]
    return set.intersection(*off) if off else set()


def _face(person: UUID) -> sources.Face | None:
    enrolled = Face.objects.filter(person=person).first()
    if enrolled and consent.granted(person, FACE_OPENING):
        return sources.Face(enrolled.rev, enrolled.strict)
    at_gates = GateFace.objects.filter(person=person).first()
    if at_gates and consent.granted(person, FACE_AT_GATE):
        return sources.Face(at_gates.rev, strict=False, here=True)
    return None


@sources.faces
def _template(person: UUID) -> tuple[int, Sequence[Vector]] | None:
    face = Face.objects.filter(person=person).first()
    if face is None:
        return None
    try:
        return face.rev, vectors_of(face)
    except Erased:
        return None


def vectors_of(face: Face) -> list[Vector]:
    """A template's vectors. Raises vault.Erased."""
    return list(np.frombuffer(face.vectors.open_bytes(), "<f4").reshape(-1, DIMENSIONS).astype(np.float32))


@sources.people
def _residents(community: UUID) -> Iterable[UUID]:
    members = Member.objects.lasting().filter(community=community)
    return members.values_list("person_id", flat=True).distinct()


sources.written_down_for(GATE_OPENING, "face", "qr", "remote", "nearby")
sources.written_down_for(FACE_OPENING, "face")
sources.written_down_for(FACE_AT_GATE, "face")
