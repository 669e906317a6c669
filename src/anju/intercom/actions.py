"""The life of a call: it rings, one answers, the gate opens once or not, it ends.

Every way to ring (the app, a SIP phone, a telephone) goes through these; none decides anything by itself.
"""

import secrets
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import gate_link
from anju.access.models import Gate
from anju.homes.models import Home
from anju.intercom import missed, queries, signals, waking
from anju.intercom.models import Call, CallPicture, CallState, Panel, Ring, RingState, Via
from anju.notices import actions as notices
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry, new_id
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

LONGEST = timedelta(minutes=5)
"""A call ends after so long: a line that nobody closed must not keep the right to open."""
MOST_A_MINUTE = 12
MOST_OFFER = 20_000
MOST_PICTURE = 300_000
_OVER = (CallState.ENDED, CallState.MISSED, CallState.REFUSED, CallState.CANCELLED, CallState.BUSY)


# --- from the gate ----------------------------------------------------------------------------------------------------


@transaction.atomic
def dial(gate: Gate, home: Home | None, *, offer: str, picture: bytes) -> Call:
    """Somebody at a gate calls a home; None: the property desk. Raises Refused.

    A home where nobody can be rung rings like any other: who stands outside does not learn that nobody is in.
    """
    if len(offer) > MOST_OFFER or len(picture) > MOST_PICTURE:
        raise Refused("bad_call", _("门禁发来的呼叫无法识别，请升级门禁程序。"))
    with scope.platform():
        held = Gate.objects.select_for_update(of=("self",), no_key=True).select_related("panel")
        _require_reach(held.only("community", "panel__off").get(pk=gate.pk), home)
        _require_calm(gate)
        if home is not None:
            Home.objects.select_for_update(no_key=True).only("pk").get(pk=home.pk)
        busy = home is not None and _is_busy(home)
        household = queries.household(home) if home is not None else None
        visitor = new_id()
        call = Call(community_id=gate.community_id, gate=gate, home=home, visitor=visitor, offer=offer)
        call.state = CallState.BUSY if busy else CallState.RINGING
        call.ended_at = timezone.now() if busy else None
        call.silent = household.silent if household else 0
        call.save(force_insert=True)
        if picture:
            vault().admit(visitor)
            CallPicture.objects.create(call=call, community_id=call.community_id, visitor=visitor, image=picture)
        _ring(call, household)
    return call


def _require_reach(gate: Gate, home: Home | None) -> None:
    """Raises Refused when this gate's pad does not reach there."""
    panel: Panel | None = getattr(gate, "panel", None)
    if panel is not None and panel.off:
        raise Refused("calls_off", _("这个门禁没有开通呼叫，请联系物业。"), status=403)
    if home is None:
        return
    units = set(panel.units.values_list("pk", flat=True)) if panel is not None else set()
    if home.community_id != gate.community_id or (units and home.unit_id not in units):
        raise Refused("unknown_home", _("没有找到这个房号，请核对后重拨。"), status=404, field="home")


def _require_calm(gate: Gate) -> None:
    """A locked gate's former call ends, for it has one at a time. Raises Refused when it calls too often."""
    minute = timezone.now() - timedelta(minutes=1)
    latest = Call.objects.filter(gate=gate).filter(Q(at__gt=minute) | Q(state__in=Call.OPEN)).order_by()
    before = list(latest.values_list("pk", "at", "state"))
    if sum(at > minute for _call, at, _state in before) >= MOST_A_MINUTE:
        raise Refused("too_many_calls", _("呼叫太频繁，请一分钟后再试。"), status=429)
    for call, _at, state in before:
        if state in Call.OPEN:
            _end_former(_locked(call))


def _end_former(call: Call) -> None:
    """Whoever talked did not miss a visitor who gave up."""
    finish(call, CallState.ENDED if call.state == CallState.ANSWERED else CallState.CANCELLED)


def _is_busy(home: Home) -> bool:
    """Whether somebody of this home is being called or talks. What nobody ended counts no longer."""
    now = timezone.now()
    rings = Q(state=CallState.RINGING, at__gt=now - queries.RINGS)
    talks = Q(state=CallState.ANSWERED, answered_at__gt=now - LONGEST)
    return Call.objects.filter(rings | talks, home=home).exists()


def _ring(call: Call, home: queries.Household | None) -> None:
    """Everybody who may be rung is, in every way there is; whoever wants to be left alone finds the call in their list."""
    if home is None:
        trace(call, Via.DESK, [None])
        notices.announce(f"community.{call.community_id}", "call", {"id": str(call.pk), "state": call.state})
        return
    rings = lines(call, Via.APP, home.quiet, RingState.QUIET)
    if call.state == CallState.BUSY:
        missed.tell(call, [*home.rung, *home.quiet])
    else:
        rings += lines(call, Via.APP, home.rung)
        rings += lines(call, Via.PUSH, waking.ring(call, home.rung))
        joining = signals.ringing.send(sender=Call, call=call, people=home.rung)
        rings += [one for _room, beside in joining for one in cast("list[Ring]", beside or [])]
        _announce(call, [one.pk for one in home.rung])
    Ring.objects.bulk_create(rings)


def lines(call: Call, via: Via, people: Collection[Person | None], state: RingState = RingState.SENT) -> list[Ring]:
    """Of a call's trace, to be written down: who is rung by what. None: nobody in particular, such as a station on a wall."""
    place = {"call": call, "community_id": call.community_id, "via": via, "state": state}
    return [Ring(person=one, **place) for one in people]


def trace(call: Call, via: Via, people: Collection[Person | None]) -> list[Ring]:
    """Write down who is rung by what. None: as above, or the desk."""
    return Ring.objects.bulk_create(lines(call, via, people))


def _announce(call: Call, people: Collection[UUID]) -> None:
    notices.announce_all(
        notices.News(f"person.{one}", "call", {"id": str(call.pk), "state": call.state}) for one in people
    )


@transaction.atomic
def show(gate: UUID, call: UUID, picture: bytes) -> None:
    """What the gate sees now, for as long as it rings. Raises Refused."""
    if not 0 < len(picture) <= MOST_PICTURE:
        raise Refused("bad_picture", _("门禁发来的照片无法识别，请升级门禁程序。"))
    with scope.platform():
        found = _locked(call, gate=gate)
        if found.state != CallState.RINGING or found.visitor is None:
            raise over()
        seen = CallPicture.objects.filter(call=found).first()
        if seen is None:
            vault().admit(found.visitor)
            seen = CallPicture(call=found, visitor=found.visitor)
        seen.community_id = found.community_id
        seen.image = picture
        seen.save()


@transaction.atomic
def leave(gate: UUID, call: UUID, state: CallState) -> None:
    """The gate says that its side of a call is over: given up, not answered in time, or hung up. Raises Refused."""
    with scope.platform():
        found = _locked(call, gate=gate, related=("gate", "home__unit__building"))
        if found.state == CallState.RINGING:
            finish(found, state if state in (CallState.CANCELLED, CallState.MISSED) else CallState.CANCELLED)
        elif found.state == CallState.ANSWERED:
            finish(found, CallState.ENDED)


# --- from whoever is rung ---------------------------------------------------------------------------------------------


def rung(person: Person, calls: Collection[Call]) -> None:
    """A device of this person shows these calls: so far the way there works."""
    with scope.platform():
        mine = Ring.objects.filter(call__in=[one.pk for one in calls], person=person, via=Via.APP, state=RingState.SENT)
        mine.update(state=RingState.RUNG, at=timezone.now())


@transaction.atomic
def answer(call: UUID, via: Via, person: Person | None) -> Ring:
    """Somebody takes the call, and with it the only right to open. Raises Refused, `taken` when another was first.

    person: None for the desk and for a station, which speak for a place. The caller has checked that they may.
    """
    with scope.platform():
        found = _locked(call)
        if found.state == CallState.ANSWERED:
            raise Refused("taken", _("这次呼叫已在别处接听。"), status=409)
        if found.state != CallState.RINGING or found.at < timezone.now() - queries.RINGS:
            raise over()
        rings = list(Ring.objects.filter(call=found))
        who = person.pk if person else None
        ring = next((one for one in rings if (one.via, one.person_id) == (via, who)), None)
        if ring is None:
            (ring,) = trace(found, via, [person])
        ring.state, ring.leg = RingState.ANSWERED, secrets.token_urlsafe(24)
        ring.save(update_fields=["state", "leg", "at"])
        others = Ring.objects.filter(call=found, state__in=(RingState.SENT, RingState.RUNG))
        others.update(state=RingState.ELSEWHERE)
        found.state, found.answered_at = CallState.ANSWERED, timezone.now()
        found.save(update_fields=["state", "answered_at"])
        _tell_everybody(found, rings)
        gate_id = found.gate_id
        transaction.on_commit(lambda: gate_link.note_of_call(gate_id, call, "taken"))
        signals.taken.send(sender=Call, call=found, ring=ring)
    return ring


@transaction.atomic
def refuse(call: UUID, person: Person | None) -> None:
    """This person does not take the call; when nobody is left who might, it is over. Raises Refused.

    person: None for what hangs on a wall.
    """
    with scope.platform():
        found = _locked(call)
        if found.state != CallState.RINGING:
            raise over()
        Ring.objects.filter(call=found, person=person).update(state=RingState.REFUSED, at=timezone.now())
        if person is not None:
            _announce(found, [person.pk])
        if not Ring.objects.filter(call=found, state__in=(RingState.SENT, RingState.RUNG)).exists():
            finish(found, CallState.REFUSED)


def connect(call: UUID, leg: str, answer: str) -> None:
    """Hand the gate the other half of the connection, which is written down nowhere. Raises Refused."""
    if not 0 < len(answer) <= MOST_OFFER:
        raise Refused("bad_call", _("通话连接的数据无法识别，请刷新页面后重试。"))
    found = of_leg(call, leg).call
    _require_said(gate_link.tell_of_call(found.gate_id, found.pk, "answer", sdp=answer))


def open_gate(call: UUID, leg: str, *, resident: Person | None = None, staff: Person | None = None) -> None:
    """Whoever answered opens the calling gate: while this call is up, once. Raises Refused.

    resident: who it is, and may open from afar; neither a resident nor staff: a device on a wall. Written down before it is asked.
    The gate itself sees to it that one call opens it once.
    """
    ring = of_leg(call, leg)
    found = ring.call
    if resident is not None:
        _require_way(resident, found)
    if found.opened_at is not None:
        raise Refused("opened", _("这次通话已经开过门了。"), status=409)
    who = resident or staff
    audit.record(
        AuditEntry.Action.CALL,
        found,
        actor=who.pk if who else None,
        subject=resident.pk if resident else None,
        reason=f"open_{ring.via}",
    )
    _require_said(gate_link.tell_of_call(found.gate_id, found.pk, "open"))
    with scope.platform():
        Call.objects.filter(pk=found.pk, opened_at__isnull=True).update(opened_at=timezone.now())


def _require_way(resident: Person, call: Call) -> None:
    """Raises Refused for who does not live there, or whose way in from afar an owner has switched off."""
    if call.home_id is None or "remote" in queries.membership(resident, call.home_id).ways_off:
        raise Refused("way_off", _("户主已停用您的手机开门，请让家人开门或联系物业。"), status=403)


def _require_said(code: str) -> None:
    """Raises Refused unless the gate has done it."""
    if code == "locked":
        raise Refused("gate_locked", _("门禁已锁闭，现在不能开门，请联系物业。"), status=409)
    if code == "opened":
        raise Refused("opened", _("这次通话已经开过门了。"), status=409)
    if code not in ("call_open", "call"):
        raise over()


@transaction.atomic
def hang_up(call: UUID, leg: str) -> None:
    """Whoever answered ends the call. Raises Refused."""
    with scope.platform():
        finish(_locked(of_leg(call, leg).call_id), CallState.ENDED)


def hung_up(call: UUID, ways: Collection[Via]) -> None:
    """Whoever answered by one of these ways is gone."""
    with scope.platform(), transaction.atomic():
        found = _locked(call)
        if found.state != CallState.ANSWERED:
            return
        rings = list(Ring.objects.filter(call=found))
        if any(one.state == RingState.ANSWERED and one.via in ways for one in rings):
            finish(found, CallState.ENDED, rings)


def of_leg(call: UUID, leg: str) -> Ring:
    """Who answered this call, as long as it is up. Raises Refused for anybody else."""
    with scope.platform():
        ring = (
            Ring.objects.select_related("call__gate", "call__home")
            .filter(call=call, state=RingState.ANSWERED, call__state=CallState.ANSWERED)
            .first()
        )
    if ring is None or not ring.leg or not secrets.compare_digest(ring.leg, leg):
        raise Refused("not_your_call", _("这次通话已经结束，或不是由您接听的。"), status=403)
    if ring.call.answered_at is None or ring.call.answered_at < timezone.now() - LONGEST:
        raise over()
    return ring


# --- the end ----------------------------------------------------------------------------------------------------------


def over() -> Refused:
    return Refused("call_over", _("这次呼叫已经结束。"), status=409)


def _locked(call: UUID, gate: UUID | None = None, related: tuple[str, ...] = ()) -> Call:
    """Raises Refused. gate: whose it must be. related: what is read with it."""
    rows = Call.objects.select_for_update(of=("self",))
    found = (rows.select_related(*related) if related else rows).filter(pk=call).order_by().first()
    if found is None or (gate is not None and found.gate_id != gate):
        raise queries.unknown()
    return found


def finish(call: Call, state: CallState, rings: list[Ring] | None = None) -> None:
    """End a locked call; everybody hears of it, and whoever was rung in vain finds it in their list. rings: where they are known."""
    if call.state in _OVER:
        return
    unanswered = call.state == CallState.RINGING
    call.state, call.ended_at, call.offer = state, timezone.now(), ""
    call.save(update_fields=["state", "ended_at", "offer"])
    rings = list(Ring.objects.filter(call=call)) if rings is None else rings
    in_vain = When(state__in=(RingState.SENT, RingState.RUNG), then=Value(RingState.UNANSWERED))
    Ring.objects.filter(call=call).update(leg="", state=Case(in_vain, default=F("state")))
    _tell_everybody(call, rings)
    gate_id, call_id, word = call.gate_id, call.pk, str(state)
    transaction.on_commit(lambda: gate_link.note_of_call(gate_id, call_id, "over", state=word))
    if unanswered and state in (CallState.MISSED, CallState.CANCELLED):
        unaware = _people(one for one in rings if one.state != RingState.REFUSED)
        missed.tell(call, Person.objects.filter(pk__in=unaware))
    signals.over.send(sender=Call, call=call)


def _people(rings: Iterable[Ring]) -> set[UUID]:
    return {one.person_id for one in rings if one.person_id}


def _tell_everybody(call: Call, rings: Collection[Ring]) -> None:
    """All that were rung, by every way that can still be heard."""
    if call.home_id is None:
        notices.announce(f"community.{call.community_id}", "call", {"id": str(call.pk), "state": call.state})
        return
    _announce(call, _people(rings))
    woken = _people(one for one in rings if one.via == Via.PUSH)
    if woken and call.state != CallState.ENDED:  # whoever was rung knows since it was answered
        waking.hush(call, Person.objects.filter(pk__in=woken))
