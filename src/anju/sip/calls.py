"""What becomes of a call that comes by SIP. Kamailio asks, intercom.actions decides; nothing is decided here that it would not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from anju.access import gate_link
from anju.homes import queries as homes
from anju.intercom import actions, queries
from anju.intercom.models import Call, CallState, Ring, RingState, Via
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.sip import kamailio, sleeping, telephones
from anju.sip.models import Dialog, Kind, SipDevice

log = structlog.get_logger()
_RINGING = (RingState.SENT, RingState.RUNG)
_OUTCOMES = {480: RingState.FAILED, 600: RingState.REFUSED, 603: RingState.REFUSED}
_ENDS = {486: CallState.MISSED, 600: CallState.REFUSED, 603: CallState.REFUSED}
"""What an answer of the devices' ends a call as. "Busy" (486) they say by themselves: nobody has refused, and the home is to hear of it."""


@dataclass(frozen=True)
class Route:
    """An answer to an INVITE. code: 200, or why not. targets: the devices to ring. telephones: their lines in the call's trace.

    stays: whether the call stays open for who is not there yet.
    """

    code: int
    targets: tuple[str, ...] = ()
    telephones: tuple[int, ...] = ()
    stays: bool = False


@dataclass(frozen=True)
class Invite:
    """Who calls, and what it says. to: the number dialled. call: what the gate's page says it belongs to. name, tag, cseq: its marks."""

    device: str
    to: str
    call: str
    name: str
    tag: str
    cseq: int


def rung_by(call: Call) -> list[SipDevice]:
    """The devices that ring for a call: of those whose app rings for it, and what hangs on the wall."""
    if call.home_id is None:
        return []
    rows = SipDevice.objects.filter(home=call.home_id, kind__in=SipDevice.RUNG).order_by()
    at_home = list(rows.only("kind", "username", "person", "home"))
    if not any(one.person_id for one in at_home):
        return at_home
    people = Ring.objects.filter(call=call, via=Via.APP).exclude(state=RingState.QUIET)
    rung = {None, *people.values_list("person", flat=True)}
    return [one for one in at_home if one.person_id in rung]


def route(invite: Invite) -> Route:
    """Whether this device may call, and who rings."""
    with scope.platform():
        rows = SipDevice.objects.select_related("gate").only("kind", "community", "gate__community")
        device = rows.filter(username=invite.device).first()
        if device is None or device.gate is None or device.kind not in SipDevice.CALLING:
            return Route(403)  # who is rung calls nobody, inside or outside
        try:
            call = _call(device, invite)
        except Refused as refused:
            return Route(refused.status if refused.status in (404, 429) else 403)
        if call.state == CallState.BUSY:
            return Route(486)
        found = rung_by(call)
        rung = tuple(one.pk for one in telephones.plan(call))
        woken = sleeping.wake(call, found)
    if not (found or rung) and device.kind == Kind.GATE:
        return Route(480)  # its page rings the app by itself
    return Route(200, tuple(one.username for one in found), rung, woken)


@transaction.atomic
def _call(device: SipDevice, invite: Invite) -> Call:
    """What this INVITE is for; from when the app rings for it, Kamailio's marks are known. Raises Refused."""
    call = _begun(device, invite) if device.kind == Kind.GATE else _begin(device, invite)
    if call.state != CallState.BUSY:
        Dialog.objects.create(
            call=call, community_id=call.community_id, device=device,
            name=invite.name, caller_tag=invite.tag, cseq=invite.cseq,
        )  # fmt: skip
    return call


def _begun(device: SipDevice, invite: Invite) -> Call:
    """The call that this gate's page has begun with the platform. Raises Refused."""
    try:
        wanted = UUID(invite.call)
    except ValueError as error:
        raise queries.unknown() from error
    fresh = timezone.now() - queries.RINGS
    rows = Call.objects.select_related("gate", "home__unit__building").filter(dialog__isnull=True)
    call = rows.filter(pk=wanted, gate=device.gate_id, state=CallState.RINGING, at__gt=fresh).first()
    if call is None or call.home is None:
        raise queries.unknown()
    return call


def _begin(device: SipDevice, invite: Invite) -> Call:
    """A door station has no page: its INVITE is the call, and the app rings for it too. Raises Refused."""
    if device.gate is None:
        raise queries.unknown()
    call = actions.dial(device.gate, homes.home_called(device.gate.community_id, invite.to), offer="", picture=b"")
    if call.state == CallState.RINGING:
        gate = device.gate.pk
        transaction.on_commit(lambda: gate_link.note_of_call(gate, call.pk, "beside"))
    return call


def _of(name: str, **more: str) -> Dialog | None:
    """The call of this name and these marks, if it is up. Whoever asks has widened the scope."""
    return Dialog.objects.select_related("call").filter(name=name, **more).first()


def answered(name: str, caller: str, tag: str, ruid: str) -> None:
    """Somebody picked up. Where another was first, Kamailio is told to end it.

    caller: the tag of who calls, for anybody may call under the same name. ruid: of the registration that answered.
    """
    with scope.platform():
        found = _of(name, caller_tag=caller)
        if found is None or found.answering_tag == tag:  # a telephone, which has taken the call with its key
            return
        try:
            with transaction.atomic():
                _answer(found.call, ruid)
                Dialog.objects.filter(pk=found.pk).update(answering_tag=tag)
        except Refused as refused:
            log.info("sip_answer_refused", code=refused.code)
            kamailio.end(name, found.caller_tag, tag, after=0.5)


def _answer(call: Call, ruid: str) -> Ring:
    """Raises Refused."""
    device = _registered(call, ruid)
    if device is None:
        raise actions.over()
    if device.person is not None and device.home_id is not None:
        queries.membership(device.person, device.home_id)
    return actions.answer(call.pk, Via.SIP, device.person)


def _registered(call: Call, ruid: str) -> SipDevice | None:
    """Whose registration this is, if it is of the home that is called. None: of nobody's there, such as one revoked meanwhile."""
    for one in SipDevice.objects.filter(home=call.home_id, kind__in=SipDevice.RUNG):
        if any(contact.get("Ruid") == ruid for contact in kamailio.contacts(one.username)):
            return one
    return None


def _addresses(call: Call) -> set[str]:
    """Where the devices that ring for a call are registered from: the address, and with it the port."""
    found = (kamailio.address(contact) for one in rung_by(call) for contact in kamailio.contacts(one.username))
    return {way for host, port in found for way in (host, f"{host}:{port}") if host}


def pressed(name: str, tag: str, digit: str, source: str, heard: datetime | None = None) -> str:
    """A key was pressed. Returns what came of it. Only the side that answered is heard, only while the call is up.

    heard: when it came with the sound; one of before the answer does nothing. None: as a message, which Kamailio passes on when
    the call is answered and not before: "not_yet", where that is still to be written down.
    source: the address whose sound the key was part of, or the address and port that the message came from. Who calls knows
    every mark of the call, and anybody may send sound: only what comes from where a device has registered is that device's.
    """
    with scope.platform():
        found = _of(name)
        if found is None or not tag or tag == found.caller_tag:
            return "not_heard"
        at = found.call.answered_at
        if at is None and heard is None and found.call.state == CallState.RINGING:
            return "not_yet"
        if found.answering_tag != tag or at is None or (heard is not None and heard < at):
            return "not_heard"
        ring = Ring.objects.select_related("person").filter(call=found.call, state=RingState.ANSWERED).first()
        if ring is None or ring.via != Via.SIP:
            return "not_heard"
        if source not in _addresses(found.call):
            log.warning("key_from_elsewhere")
            return "not_heard"
        try:
            if digit == "#":
                actions.open_gate(found.call.pk, ring.leg, resident=ring.person)
                return "opened"
        except Refused as refused:
            return refused.code
    return "ignored"


def ended(name: str, caller: str, tag: str = "", ruid: str = "") -> None:
    """Whoever talked by SIP has hung up. tag, ruid: as for `answered`, whose word may come after this one."""
    with scope.platform():
        found = Dialog.objects.filter(name=name, caller_tag=caller).values_list("call", "answering_tag").first()
        if found is None:
            return
        call, answering = found
        if tag and not answering:
            answered(name, caller, tag, ruid)
        actions.hung_up(call, (Via.SIP, Via.PHONE))


def declined(name: str, caller: str, ruid: str) -> None:
    """Whoever has this device does not take the call; the others of the home go on ringing. ruid: as for `answered`.

    One of several devices on a home's walls speaks for itself alone.
    """
    with scope.platform():
        found = _of(name, caller_tag=caller)
        device = _registered(found.call, ruid) if found else None
        if found is None or device is None:
            return
        if device.person is None and SipDevice.objects.filter(home=device.home_id, kind=device.kind).count() > 1:
            return
        try:
            actions.refuse(found.call_id, device.person)
        except Refused as refused:
            log.info("sip_decline_late", code=refused.code)


def failed(name: str, caller: str, code: int) -> None:
    """Nobody picked up by SIP. For a gate's page the app may still ring; a door station has no other way."""
    with scope.platform(), transaction.atomic():
        found = _of(name, caller_tag=caller)
        if found is None:
            return
        call = Call.objects.select_for_update(of=("self",)).get(pk=found.call.pk)
        found.delete()
        if call.state != CallState.RINGING:
            return
        waiting = Ring.objects.filter(call=call, state__in=_RINGING)
        waiting.filter(via=Via.SIP).update(state=_OUTCOMES.get(code, RingState.UNANSWERED))
        if found.device.kind == Kind.DOOR_STATION:
            actions.finish(call, CallState.CANCELLED if code == 487 else CallState.MISSED)
        elif code in _ENDS and not waiting.exists():
            actions.finish(call, _ENDS[code])
