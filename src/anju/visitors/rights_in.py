"""The right to come in of whoever is expected: inside the window, in the ways they agreed to, while their host lives there."""

from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID

import numpy as np
from django.utils import timezone

from anju.access import residence, sources
from anju.access.models import Gate
from anju.homes.models import Member
from anju.privacy import consent, scope
from anju.privacy.vault import Erased
from anju.recognition.faces import DIMENSIONS, Vector
from anju.visitors.models import Pass, PassState, Visitor, VisitorFace, VisitorKey
from anju.visitors.purposes import VISIT, VISIT_FACE


@sources.offers
def _offers(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    if not consent.granted(person, VISIT):
        return
    keys = [(key.id, bytes(key.public)) for key in VisitorKey.objects.filter(visitor=person)]
    face = _face(person)
    ways = frozenset({*(("qr",) if keys else ()), *(("face",) if face else ())})
    held = Pass.objects.filter(visitor=person, community=community, state=PassState.CONFIRMED, until__gt=timezone.now())
    for visit in held:
        lives = Member.objects.lasting().filter(person=visit.host_id, home=visit.home_id).order_by("-until").first()
        if lives is None:
            continue
        yield sources.Offer(
            source=f"visit.{visit.pk}",
            ways=ways,
            since=visit.since,
            until=min(visit.until, lives.until or visit.until),
            keys=keys,
            face=face,
            uses=visit.uses,
            floors=sources.floors_of([visit.home_id]),
            at=partial(_is_open_to, visit),
        )


def _is_open_to(visit: Pass, gate: Gate) -> bool:
    """All that people walk through, unless some are named; driving in is another question (anju.vehicles)."""
    return gate.pk in visit.gates if visit.gates else residence.is_for_people(gate)


def _face(person: UUID) -> sources.Face | None:
    found = VisitorFace.objects.filter(visitor=person).first()
    if found is None or not consent.granted(person, VISIT_FACE):
        return None
    return sources.Face(found.rev, strict=True)


@sources.faces
def _template(person: UUID) -> tuple[int, Sequence[Vector]] | None:
    found = VisitorFace.objects.filter(visitor=person).first()
    if found is None:
        return None
    try:
        raw = found.vectors.open_bytes()
    except Erased:
        return None
    return found.rev, list(np.frombuffer(raw, "<f4").reshape(-1, DIMENSIONS).astype(np.float32))


@sources.people
def _expected(community: UUID) -> Iterable[UUID]:
    return Pass.objects.open().filter(community=community).values_list("visitor_id", flat=True).distinct()


@sources.titles
def _title(person: UUID, community: UUID) -> str | None:
    """A visitor as staff see them in lists."""
    visit = Pass.objects.filter(visitor=person, community=community).select_related("visitor", "home__unit__building")
    found = visit.order_by("-since").first()
    return f"{found.home.label} · {found.visitor.name}" if found else None


@consent.visitors
def _is_visitor(subject: UUID) -> bool:
    with scope.platform():
        return Visitor.objects.filter(pk=subject).exists()


sources.written_down_for(VISIT, "qr", "face")
