"""Whether to open: the one place where that is decided, for every way in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from anju.grants.grant import Grant, Way
from anju.grants.nearby import NearbyPermit
from anju.grants.permits import TOLERANCE, Permit, Replays


class Reason(StrEnum):
    """Why a gate opened or did not."""

    RECOGNISED = "recognised"
    QR_OK = "qr_ok"
    REMOTE_OPEN = "remote_open"
    NEARBY_OK = "nearby_ok"
    PLATE_OK = "plate_ok"
    CARD_OK = "card_ok"
    CALL_OPEN = "call_open"
    NOT_RECOGNISED = "not_recognised"
    NOT_LIVE = "not_live"
    QR_UNKNOWN = "qr_unknown"
    QR_EXPIRED = "qr_expired"
    QR_REPLAYED = "qr_replayed"
    OUTSIDE_WINDOW = "outside_window"
    REVOKED = "revoked"
    WAY_NOT_GRANTED = "way_not_granted"
    CLOCK_UNSURE = "clock_unsure"
    USED_UP = "used_up"
    PLATE_UNKNOWN = "plate_unknown"
    PLATE_UNSURE = "plate_unsure"
    CARD_UNKNOWN = "card_unknown"
    PERMIT_UNKNOWN = "permit_unknown"
    PERMIT_EXPIRED = "permit_expired"
    PERMIT_REPLAYED = "permit_replayed"
    LOCKED = "locked"


_OPENS = {
    Way.FACE: Reason.RECOGNISED,
    Way.QR: Reason.QR_OK,
    Way.REMOTE: Reason.REMOTE_OPEN,
    Way.NEARBY: Reason.NEARBY_OK,
    Way.PLATE: Reason.PLATE_OK,
    Way.CARD: Reason.CARD_OK,
}


@dataclass(frozen=True)
class Clock:
    """The gate's idea of the time.

    sure: the platform confirmed it; if not, it is surely not earlier than `now`.
    """

    now: datetime
    sure: bool = True


@dataclass(frozen=True)
class Decision:
    """open: whether the door opens. grant: whose right it was, when somebody's."""

    open: bool
    reason: Reason
    grant: Grant | None = None


def decide(grant: Grant | None, way: Way, clock: Clock, used: int = 0) -> Decision:
    """May this grant's holder come in this way now? None: the grant is not (or no longer) known.

    used: how often this grant has opened this gate.
    A gate that lost its clock still lets in those whose right has begun and has no end; for a visitor's
    window it must know the time.
    """
    if grant is None:
        return Decision(False, Reason.REVOKED)
    if way not in grant.ways:
        return Decision(False, Reason.WAY_NOT_GRANTED, grant)
    if grant.until is not None and clock.now >= grant.until:
        return Decision(False, Reason.OUTSIDE_WINDOW, grant)
    if not clock.sure and (grant.until is not None or clock.now < grant.since):
        return Decision(False, Reason.CLOCK_UNSURE, grant)
    if clock.now < grant.since:
        return Decision(False, Reason.OUTSIDE_WINDOW, grant)
    if grant.uses is not None and used >= grant.uses:
        return Decision(False, Reason.USED_UP, grant)
    return Decision(True, _OPENS[way], grant)


def best(decisions: Iterable[Decision], otherwise: Decision) -> Decision:
    """Of what the several rights of one holder come to: the first that opens, else the first there is, else `otherwise`."""
    found = list(decisions)
    return next((one for one in found if one.open), found[0] if found else otherwise)


def decide_nearby(
    permit: NearbyPermit, gate: UUID, grants: Sequence[Grant], clock: Clock, used: Callable[[Grant], int]
) -> Decision:
    """May the holder of this permit, who has just answered this gate's challenge, come in now?

    grants: those that name the permit's key. Without one the right has ended, or never reached this gate.
    """
    named = [one for one in grants if one.keys.get(permit.key) == permit.public]
    if not named or gate not in permit.gates:
        return Decision(False, Reason.PERMIT_UNKNOWN)
    if not clock.sure:
        return Decision(False, Reason.CLOCK_UNSURE, named[0])
    if not permit.since - TOLERANCE <= clock.now < permit.until:
        return Decision(False, Reason.PERMIT_EXPIRED, named[0])
    return best((decide(one, Way.NEARBY, clock, used(one)) for one in named), Decision(False, Reason.REVOKED))


def decide_permit(
    permit: Permit, grants: Sequence[Grant], replays: Replays, clock: Clock, used: Callable[[Grant], int]
) -> Decision:
    """May the holder of this permit come in now?

    grants: those that name the permit's key; all of one holder.
    """
    public = grants[0].keys.get(permit.key) if grants else None
    if public is None or not permit.verify(public):
        return Decision(False, Reason.QR_UNKNOWN)
    grant = grants[0]
    if not clock.sure:  # thirty seconds mean nothing then
        return Decision(False, Reason.CLOCK_UNSURE, grant)
    if abs(clock.now - permit.at) > TOLERANCE:
        return Decision(False, Reason.QR_EXPIRED, grant)
    if not replays.first(permit, clock.now):
        return Decision(False, Reason.QR_REPLAYED, grant)
    return best((decide(one, Way.QR, clock, used(one)) for one in grants), Decision(False, Reason.REVOKED))
