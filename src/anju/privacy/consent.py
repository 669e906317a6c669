"""Agreeing and taking back: the gate in front of every write of personal data."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anju.privacy import erasure, ledger, scope
from anju.privacy.models import Consent, new_id
from anju.privacy.purposes import PURPOSES, Audience, Purpose
from anju.privacy.refusals import Refused, Text


class ConsentState(StrEnum):
    NONE = "none"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    RESTRICTED = "restricted"
    """The person had it stopped and kept: nothing is used, nothing is erased."""
    STALE = "stale"
    """What was agreed to no longer counts: an older version, another controller, or a guardian of somebody grown up since.

    It is asked again before anything new is collected.
    """


@dataclass(frozen=True)
class Standing:
    """Where a person stands with one purpose."""

    purpose: Purpose
    state: ConsentState
    since: datetime | None


@dataclass(frozen=True)
class Withdrawal:
    """What taking a consent back did."""

    stopped: list[Text]
    erased: list[str]


Stop = Callable[[UUID], None]
_partings: dict[str, list[Stop]] = {}
_stops: dict[str, list[Stop]] = {}
_halts: dict[str, list[Stop]] = {}


def _registered(where: dict[str, list[Stop]], purpose: Purpose) -> Callable[[Stop], Stop]:
    def register(stop: Stop) -> Stop:
        where.setdefault(purpose.code, []).append(stop)
        return stop

    return register


def before_erasure(purpose: Purpose) -> Callable[[Stop], Stop]:
    """Register what has to be done with the data while it is still there, when its consent goes."""
    return _registered(_partings, purpose)


def on_withdrawal(purpose: Purpose) -> Callable[[Stop], Stop]:
    """Register what stops a feature when its consent goes: after its data is erased, in the same transaction."""
    return _registered(_stops, purpose)


def on_restriction(purpose: Purpose) -> Callable[[Stop], Stop]:
    """Register what brings a feature in line when its purpose is restricted, or goes on: nothing is erased."""
    return _registered(_halts, purpose)


Speakers = Callable[[UUID], Collection[UUID] | None]
_speakers: list[Speakers] = []
_expected: list[Callable[[UUID], bool]] = []
_asked_anew = "null::timestamptz"


def spoken_for_by(speakers: Speakers) -> Speakers:
    """Register who decides for a person: None when they decide for themselves, their guardians when they are too young."""
    _speakers.append(speakers)
    return speakers


def visitors(expected: Callable[[UUID], bool]) -> Callable[[UUID], bool]:
    """Register who is here as a visitor only: they are asked for what visitors are asked, and for nothing else."""
    _expected.append(expected)
    return expected


def ask_anew_from(moment: str) -> None:
    """Register the moment (SQL, null: never) before which nothing that was agreed to counts: the controller is another one.

    It is SQL so that every process sees it at once, in the statement that reads the acts.
    """
    global _asked_anew
    _asked_anew = moment


def decides(actor: UUID, subject: UUID) -> bool:
    """Whether `actor` may agree for `subject`: themselves, or one of their guardians when they are too young."""
    guardians = _guardians(subject)
    return actor == subject if guardians is None else actor in guardians


def require_voice(actor: UUID, subject: UUID) -> None:
    """Raises Refused when `actor` may not decide for `subject`."""
    if decides(actor, subject):
        return
    if actor == subject:
        raise Refused("guardian_decides", _("未满十四周岁，须由监护人在自己的账号中决定。"), status=403)
    raise Refused("not_the_guardian", _("只有本人，或未满十四周岁者已确认的监护人，才能决定。"), status=403)


def is_guarded(subject: UUID) -> bool:
    """Whether others decide for this person."""
    return _guardians(subject) is not None


def _guardians(subject: UUID) -> Collection[UUID] | None:
    return next((found for speakers in _speakers if (found := speakers(subject)) is not None), None)


def _outgrown(actor: UUID, subject: UUID) -> bool:
    """Whether a guardian agreed for somebody who decides for themselves by now."""
    return actor != subject and not is_guarded(subject)


class _Act(NamedTuple):
    """A person's last act about a purpose. asked_anew: it came before the moment from which everybody is asked anew."""

    subject: UUID
    purpose: str
    id: UUID
    action: str
    version: int
    actor: UUID
    at: datetime
    asked_anew: bool | None

    def state(self, purpose: Purpose) -> ConsentState:
        if self.action != Consent.Action.GRANTED:
            return ConsentState(self.action)
        return ConsentState.GRANTED if self.counts(purpose) else ConsentState.STALE

    def counts(self, purpose: Purpose) -> bool:
        """Whether what was agreed to is still what is asked, by and of the same parties."""
        return self.version >= purpose.version and not self.asked_anew and not _outgrown(self.actor, self.subject)


_LAST_ACTS = """
select distinct on (subject, purpose) subject, purpose, id, action, version, actor, at, at < ({asked_anew})
from privacy_consent where subject = any(%s) and purpose = any(%s) order by subject, purpose, id desc
"""


def _last_acts(subjects: Iterable[UUID], purposes: Iterable[str]) -> Iterator[_Act]:
    """The last acts of these persons about these purposes, in one query: it is asked at every tap and for every entry."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_ACTS.format(asked_anew=_asked_anew), [list(subjects), list(purposes)])
        yield from map(_Act._make, cursor.fetchall())


def _last(subject: UUID, purpose: Purpose) -> _Act | None:
    return next(_last_acts([subject], [purpose.code]), None)


def with_needs(purpose: Purpose) -> list[Purpose]:
    """A purpose and everything it needs, once each."""
    found = {purpose.code: purpose}
    for needed in purpose.needs:
        found |= {one.code: one for one in with_needs(needed)}
    return list(found.values())


def standings(subject: UUID) -> list[Standing]:
    """Where this person stands with every purpose, in the order the purposes are declared."""
    last = {act.purpose: act for act in _last_acts([subject], PURPOSES)}
    return [
        Standing(purpose, act.state(purpose) if act else ConsentState.NONE, act.at if act else None)
        for purpose, act in ((purpose, last.get(code)) for code, purpose in PURPOSES.items())
    ]


def granted(subject: UUID, purpose: Purpose) -> bool:
    """Whether this person agrees to this purpose, as it is now, and to what it needs."""
    return subject in agreeing({subject}, purpose)


def agreeing(subjects: set[UUID], purpose: Purpose) -> set[UUID]:
    """Who of these persons agrees to this purpose, as it is now, and to what it needs."""
    wanted = {one.code: one for one in with_needs(purpose)}
    agreed = {
        (act.subject, act.purpose)
        for act in _last_acts(subjects, wanted)
        if act.state(wanted[act.purpose]) is ConsentState.GRANTED
    }
    return {subject for subject in subjects if all((subject, code) in agreed for code in wanted)}


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


def require_shown(version: int, purpose: Purpose) -> None:
    """Raises Refused when what was on the screen (`version`) is not the purpose as it is now."""
    if version != purpose.version:
        raise Refused("text_changed", _("说明内容已更新，请重新阅读后再同意。"), status=409)


def find(code: str) -> Purpose:
    """The purpose called `code`. Raises Refused."""
    try:
        return PURPOSES[code]
    except KeyError as error:
        raise Refused("unknown_purpose", _("没有这项用途，请刷新页面后重试。"), status=404) from error


def _record(subject: UUID, purpose: Purpose, action: Consent.Action, actor: UUID) -> Consent:
    last = _last(subject, purpose)
    # The last act counts, and ids follow the clock: one that was set back must not bury this act under an older one.
    after = UUID(int=last.id.int + 1) if last else UUID(int=0)
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
    """Agree to a purpose as shown (`version`).

    Raises Refused when `actor` may not decide for them, the text changed meanwhile or a needed purpose is missing.
    """
    require_shown(version, purpose)
    hold(subject, change=True)
    require_voice(actor or subject, subject)
    if purpose.asked_of is Audience.NOBODY:
        raise Refused("asked_of_nobody", _("这项用途是履行合同或法律所必需的，不需要您同意。"), status=409)
    if purpose.asked_of is Audience.CHILDREN and not is_guarded(subject):
        raise Refused("for_children", _("这项用途只用于未满十四周岁的孩子。"), status=409)
    if (purpose.asked_of is Audience.VISITORS) != any(expected(subject) for expected in _expected):
        raise Refused("for_visitors", _("这项用途只用于访客，请打开对方发来的邀请链接。"), status=409)
    for needed in purpose.needs:
        require(subject, needed)
    return _record(subject, purpose, Consent.Action.GRANTED, actor or subject)


def dependents(purpose: Purpose) -> list[Purpose]:
    """The purposes that cannot go on without this one, itself last."""
    found = {one.code: one for other in PURPOSES.values() if purpose in other.needs for one in dependents(other)}
    return [*found.values(), purpose]


@transaction.atomic
def withdraw(subject: UUID, purpose: Purpose, *, actor: UUID | None = None) -> Withdrawal:
    """Take a consent back: the service stops, and what was held for this purpose alone is erased.

    What was taken back before is not taken back again; what was never agreed to is left alone.
    """
    hold(subject, change=True)
    stopped: list[Text] = []
    erased: list[str] = []
    with scope.platform():  # whoever asks, such as a guardian, may not see the rows that go
        for one in dependents(purpose):
            last = _last(subject, one)
            if last is None or last.action == Consent.Action.WITHDRAWN:
                continue
            act = _record(subject, one, Consent.Action.WITHDRAWN, actor or subject)
            transaction.on_commit(partial(ledger.note, [subject], one.code, act.pk))
            for part in _partings.get(one.code, []):
                part(subject)
            erased += erasure.erase_purpose(subject, one)
            for stop in _stops.get(one.code, []):
                stop(subject)
            stopped += one.stops
    return Withdrawal(stopped, erased)


@transaction.atomic
def restrict(subject: UUID, purpose: Purpose, *, actor: UUID | None = None) -> Consent:
    """Stop using what is held for a purpose, and keep it (PIPL Art. 44). Agreeing again lifts it. Raises Refused."""
    hold(subject, change=True)
    require(subject, purpose)
    act = _record(subject, purpose, Consent.Action.RESTRICTED, actor or subject)
    _bring_in_line(subject, purpose)
    return act


@transaction.atomic
def lift(subject: UUID, purpose: Purpose, *, actor: UUID | None = None) -> Consent:
    """End a restriction: what was agreed to goes on as before. Raises Refused."""
    hold(subject, change=True)
    last = _last(subject, purpose)
    if last is None or last.state(purpose) is not ConsentState.RESTRICTED:
        raise Refused("not_restricted", _("这项用途没有被限制，无需恢复。"), status=409)
    if not last.counts(purpose):  # lifting must not agree to what was never shown
        raise Refused("text_changed", _("说明内容已更新，请重新阅读后再同意。"), status=409)
    act = _record(subject, purpose, Consent.Action.GRANTED, actor or subject)
    _bring_in_line(subject, purpose)
    return act


def _bring_in_line(subject: UUID, purpose: Purpose) -> None:
    halts = {halt for one in dependents(purpose) for halt in _halts.get(one.code, [])}
    for halt in halts:
        halt(subject)
