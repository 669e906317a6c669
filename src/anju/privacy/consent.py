"""Agreeing and taking back: the gate in front of every write of personal data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anju.privacy import erasure
from anju.privacy.models import Consent, new_id
from anju.privacy.purposes import PURPOSES, Purpose
from anju.privacy.refusals import Refused, Text


class State(StrEnum):
    NONE = "none"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    STALE = "stale"
    """Agreed to an older version: it is asked again before anything new is collected."""


@dataclass(frozen=True)
class Standing:
    """Where a person stands with one purpose."""

    purpose: Purpose
    state: State
    since: datetime | None


@dataclass(frozen=True)
class Withdrawal:
    """What taking a consent back did."""

    stopped: list[Text]
    erased: list[str]


Stop = Callable[[UUID], None]
_stops: dict[str, list[Stop]] = {}


def on_withdrawal(purpose: Purpose) -> Callable[[Stop], Stop]:
    """Register what stops a feature when its consent goes: after its data is erased, in the same transaction."""

    def register(stop: Stop) -> Stop:
        _stops.setdefault(purpose.code, []).append(stop)
        return stop

    return register


def _state(event: Consent | None, purpose: Purpose) -> State:
    if event is None:
        return State.NONE
    if event.action == Consent.Action.WITHDRAWN:
        return State.WITHDRAWN
    return State.GRANTED if event.version >= purpose.version else State.STALE


def _latest(subject: UUID, purposes: Iterable[str]) -> dict[str, Consent]:
    """This person's last act about each of these purposes, by code."""
    acts = Consent.objects.filter(subject=subject, purpose__in=purposes)
    return {act.purpose: act for act in acts.order_by("purpose", "-id").distinct("purpose")}


def _with_needs(purpose: Purpose) -> list[Purpose]:
    """A purpose and everything it needs, once each."""
    found = {purpose.code: purpose}
    for needed in purpose.needs:
        found |= {one.code: one for one in _with_needs(needed)}
    return list(found.values())


def standings(subject: UUID) -> list[Standing]:
    """Where this person stands with every purpose, in the order the purposes are declared."""
    latest = _latest(subject, PURPOSES)
    return [
        Standing(purpose, _state(latest.get(code), purpose), latest[code].at if code in latest else None)
        for code, purpose in PURPOSES.items()
    ]


def granted(subject: UUID, purpose: Purpose) -> bool:
    """Whether this person agrees to this purpose, as it is now, and to what it needs."""
    return subject in agreeing({subject}, purpose)


def agreeing(subjects: set[UUID], purpose: Purpose) -> set[UUID]:
    """Who of these persons agrees to this purpose, as it is now, and to what it needs."""
    wanted = {one.code: one for one in _with_needs(purpose)}
    with connection.cursor() as cursor:  # asked at every tap and for every entry: ./anju bench open
        cursor.execute(_LAST_ACTS, [list(subjects), list(wanted)])
        agreed = {
            (subject, code)
            for subject, code, action, version in cursor.fetchall()
            if action == Consent.Action.GRANTED and version >= wanted[code].version
        }
    return {subject for subject in subjects if all((subject, code) in agreed for code in wanted)}


_LAST_ACTS = """
select distinct on (subject, purpose) subject, purpose, action, version from privacy_consent
where subject = any(%s) and purpose = any(%s) order by subject, purpose, id desc
"""


def hold(*subjects: UUID, change: bool = False) -> None:
    """From here to the end of the transaction no consent of these persons changes, unless this transaction changes it.

    Without it a write that had just seen a consent could land behind the withdrawal that erases everything.
    """
    lock = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        keys = sorted(subject.int & (2**63 - 1) for subject in subjects)
        cursor.execute(f"select {lock}(key) from unnest(%s::bigint[]) as key", [keys])  # noqa: S608  a name of ours


def require(subject: UUID, purpose: Purpose) -> None:
    """Stand in front of a write, in its transaction. Raises Refused when the person has not agreed."""
    if connection.in_atomic_block:
        hold(subject)
    if not granted(subject, purpose):
        raise Refused(
            "consent_required",
            _("请先阅读并同意“%(purpose)s”，再使用这项功能。") % {"purpose": purpose.title},
            status=403,
            more={"purpose": purpose.code},
        )


def find(code: str) -> Purpose:
    """The purpose called `code`. Raises Refused."""
    try:
        return PURPOSES[code]
    except KeyError as error:
        raise Refused("unknown_purpose", _("没有这项用途，请刷新页面后重试。"), status=404) from error


def _record(subject: UUID, purpose: Purpose, action: Consent.Action, actor: UUID) -> Consent:
    last = _latest(subject, [purpose.code]).get(purpose.code)
    # The last act counts, and ids follow the clock: one that was set back must not bury this act under an older one.
    after = UUID(int=last.pk.int + 1) if last else UUID(int=0)
    return Consent.objects.create(
        id=max(new_id(), after),
        subject=subject,
        purpose=purpose.code,
        version=purpose.version,
        action=action,
        actor=actor,
    )


@transaction.atomic
def grant(subject: UUID, purpose: Purpose, *, version: int, actor: UUID | None = None) -> Consent:
    """Agree to a purpose as shown (`version`). Raises Refused when the text changed meanwhile or a needed purpose is missing."""
    if version != purpose.version:
        raise Refused("text_changed", _("说明内容已更新，请重新阅读后再同意。"), status=409)
    hold(subject, change=True)
    for needed in purpose.needs:
        require(subject, needed)
    return _record(subject, purpose, Consent.Action.GRANTED, actor or subject)


def dependents(purpose: Purpose) -> list[Purpose]:
    """The purposes that cannot go on without this one, itself last."""
    found = {one.code: one for other in PURPOSES.values() if purpose in other.needs for one in dependents(other)}
    return [*found.values(), purpose]


@transaction.atomic
def withdraw(subject: UUID, purpose: Purpose, *, actor: UUID | None = None) -> Withdrawal:
    """Take a consent back: the service stops, and what was held for this purpose alone is erased."""
    hold(subject, change=True)
    stopped: list[Text] = []
    erased: list[str] = []
    for one in dependents(purpose):
        if not Consent.objects.filter(subject=subject, purpose=one.code).exists():
            continue
        _record(subject, one, Consent.Action.WITHDRAWN, actor or subject)
        erased += erasure.erase_purpose(subject, one)
        for stop in _stops.get(one.code, []):
            stop(subject)
        stopped += one.stops
    return Withdrawal(stopped, erased)
