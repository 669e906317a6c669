"""Whether to open: the one place where that is decided, for every way in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anju.grants.grant import Grant, Way
from anju.grants.permits import TOLERANCE, Permit


class Reason(StrEnum):
    """Why a gate opened or did not."""

    RECOGNISED = "recognised"
    QR_OK = "qr_ok"
    REMOTE_OPEN = "remote_open"
    NOT_RECOGNISED = "not_recognised"
    NOT_LIVE = "not_live"
    QR_UNKNOWN = "qr_unknown"
    QR_EXPIRED = "qr_expired"
    QR_REPLAYED = "qr_replayed"
    OUTSIDE_WINDOW = "outside_window"
    REVOKED = "revoked"
    WAY_NOT_GRANTED = "way_not_granted"


_OPENS = {Way.FACE: Reason.RECOGNISED, Way.QR: Reason.QR_OK, Way.REMOTE: Reason.REMOTE_OPEN}


@dataclass(frozen=True)
class Decision:
    """open: whether the door opens. grant: whose right it was, when somebody's."""

    open: bool
    reason: Reason
    grant: Grant | None = None


def decide(grant: Grant | None, way: Way, now: datetime) -> Decision:
    """May this grant's holder come in this way now? None: the grant is not (or no longer) known."""
    if grant is None:
        return Decision(False, Reason.REVOKED)
    if way not in grant.ways:
        return Decision(False, Reason.WAY_NOT_GRANTED, grant)
    if now < grant.since or (grant.until is not None and now >= grant.until):
        return Decision(False, Reason.OUTSIDE_WINDOW, grant)
    return Decision(True, _OPENS[way], grant)


class Replays:
    """Remembers the permits shown lately, so that each opens once. Older ones are refused as expired anyway."""

    def __init__(self) -> None:
        self._seen: dict[bytes, float] = {}

    def first(self, permit: Permit, now: datetime) -> bool:
        """Note this permit. Returns whether it is new."""
        limit = now.timestamp() - 2 * TOLERANCE.total_seconds()
        if len(self._seen) > 1000:
            self._seen = {head: at for head, at in self._seen.items() if at > limit}
        if permit.head in self._seen:
            return False
        self._seen[permit.head] = permit.at.timestamp()
        return True


def decide_permit(permit: Permit, grant: Grant | None, replays: Replays, now: datetime) -> Decision:
    """May the holder of this permit come in now? `grant`: the one that names the permit's key, if any does."""
    public = grant.keys.get(permit.key) if grant else None
    if grant is None or public is None or not permit.verify(public):
        return Decision(False, Reason.QR_UNKNOWN)
    if abs(now - permit.at) > TOLERANCE:
        return Decision(False, Reason.QR_EXPIRED, grant)
    if not replays.first(permit, now):
        return Decision(False, Reason.QR_REPLAYED, grant)
    return decide(grant, Way.QR, now)
