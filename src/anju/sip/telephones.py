"""Ringing a telephone of the home: whose, when, and what becomes of it. The line (leg.py) does what is decided here."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.models import Home, Member
from anju.intercom import actions, queries
from anju.intercom.models import Call, CallState, Ring, RingState, Via
from anju.people.models import Person
from anju.privacy import consent, gateway, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased
from anju.sip import trunk
from anju.sip.models import Dialog, Telephone, Trouble, Trunk, Why
from anju.sip.purposes import INTERCOM_TELEPHONE
from anju.sip.recipients import CARRIER

log = structlog.get_logger()
WAITS = (0, 10, 20)
"""Seconds without an answer after which a telephone may be rung."""
MOST_A_CALL = 4
"""Telephones that one call rings."""
_RINGING = (RingState.SENT, RingState.RUNG)


# --- a resident's choice ----------------------------------------------------------------------------------------------


@transaction.atomic
def choose(person: Person, home: UUID, after: int) -> Telephone:
    """Have one's own telephone rung for this home from now on. Raises Refused."""
    consent.require(person.pk, INTERCOM_TELEPHONE)
    lives = queries.membership(person, home)
    line = trunk.of(lives.community_id)
    if line is None:
        raise Refused("no_line", _("小区还没有开通电话线路，请联系物业。"), status=409)
    if after not in WAITS:
        raise Refused("bad_wait", _("请选择立即、10 秒后或 20 秒后。"), field="after")
    if person.phone is None or not person.phone_verified or not trunk.allows(line, person.phone.open()):
        raise Refused("number_not_allowed", _("您账号的手机号不在小区线路可以拨打的范围内，请联系物业。"), status=409)
    facts = {"after": after, "community_id": lives.community_id}
    with scope.community(lives.community_id):
        made, _made = Telephone.objects.update_or_create(person=person, home_id=home, defaults=facts)
    return made


@transaction.atomic
def leave(person: Person, home: UUID) -> None:
    """It is rung no more; a call that is under way ends (`goes_on`)."""
    Telephone.objects.filter(person=person, home=home).delete()


@dataclass(frozen=True)
class Choice:
    """One of a person's homes. number: of its community, that rings; "": there is no line. after: see Telephone; None: not rung."""

    home: UUID
    label: str
    number: str
    after: int | None


def choices(person: Person) -> list[Choice]:
    """For each home in which this person lives."""
    living = Member.objects.living().filter(person=person, person__child__isnull=True)
    chosen = dict(Telephone.objects.filter(person=person).values_list("home", "after"))
    found = []
    for one in living.select_related("home__unit__building"):
        line = trunk.of(one.community_id)
        found.append(Choice(one.home_id, one.home.label, line.number if line else "", chosen.get(one.home_id)))
    return found


def shown_number(person: Person, home: UUID) -> tuple[str, str]:
    """The name and the number of the community of a home of this person. Raises Refused."""
    lives = Member.objects.living().filter(person=person, home=home).select_related("community").first()
    line = trunk.of(lives.community_id) if lives else None
    if lives is None or line is None:
        raise Refused("no_line", _("小区还没有开通电话线路，请联系物业。"), status=404)
    return lives.community.name, line.number


def forget_moved(person: UUID) -> None:
    """A telephone is rung for homes where its owner lives, and for no other."""
    homes = Member.objects.lasting().filter(person=person).values("home")
    Telephone.objects.filter(person=person).exclude(home__in=homes).delete()


# --- a call rings -----------------------------------------------------------------------------------------------------


def plan(call: Call) -> list[Ring]:
    """Whose telephones are to be rung for this call, written into its trace."""
    if (
        call.home is None
        or not Telephone.objects.filter(home=call.home).exists()
        or trunk.of(call.community_id) is None
    ):
        return []
    people = [one.person for one in _wanted(call.home)[:MOST_A_CALL]]
    return actions.trace(call, Via.PHONE, people)


def _wanted(home: Home) -> list[Telephone]:
    """Of those who live there, agree to it, and are not left alone now."""
    people = {one.pk for one in queries.household(home).rung}
    agreeing = consent.agreeing(people, INTERCOM_TELEPHONE)
    return list(Telephone.objects.filter(home=home, person__in=agreeing).select_related("person"))


@dataclass(frozen=True)
class Plan:
    """One telephone of a call. ring: its line in the trace. after: seconds to wait. gate, language: for what it is told."""

    ring: int
    after: int
    gate: str
    language: str


def planned(ring: int, dialog: str) -> Plan | None:
    """The telephone of this line in the trace, if it belongs to the call that Kamailio calls so, and that rings."""
    with scope.platform():
        rows = Ring.objects.select_related("call__gate", "person").filter(via=Via.PHONE, state=RingState.SENT)
        found = rows.filter(pk=ring, call__dialog__name=dialog, call__state=CallState.RINGING).first()
        chosen = found and Telephone.objects.filter(person=found.person_id, home=found.call.home_id).first()
        if not found or not chosen or found.person is None:
            return None
        return Plan(found.pk, chosen.after, found.call.gate.name, found.person.language)


@dataclass(frozen=True)
class Number:
    """What the line dials. shown: the community's number, all that the called see. seconds: how long it may last."""

    trunk: UUID
    dialled: str
    shown: str
    host: str
    next_hop: str
    user: str
    password: str
    seconds: int


def number(ring: int, busy: Mapping[UUID, int]) -> Number | None:
    """The number to dial now; it goes to the carrier through the gateway, which writes down that it did. None: it may not be.

    busy: how many calls each trunk carries.
    """
    with scope.platform():
        if (found := _ringing(ring)) is None or found.call.home is None or found.person is None:
            return None
        made = _number(found.person, found.call.home, busy)
        if isinstance(made, Why):
            unanswered(ring, RingState.FAILED, made)
            return None
    return made


def _number(person: Person, home: Home, busy: Mapping[UUID, int]) -> Number | Why:
    line = trunk.of(home.community_id)
    try:
        phone = person.phone.open() if person.phone is not None and person.phone_verified else ""
    except Erased:
        return Why.NUMBER
    if line is None:
        return Why.NO_LINE
    if not trunk.allows(line, phone):
        return Why.NUMBER
    if busy.get(line.pk, 0) >= line.at_once:
        return Why.AT_ONCE
    if (why := trunk.spend(line, home)) is not None:
        return why
    try:
        return dial(line, person, phone)
    except (Refused, gateway.NotDelivered, ValueError) as error:
        log.warning("telephone_not_rung", error=type(error).__name__)
        return Why.NO_LINE


def dial(line: Trunk, person: Person, phone: str) -> Number:
    """Hand a number over for one call, on the record. Raises Refused, gateway.NotDelivered, and ValueError for a password that is lost."""
    password = trunk.password(line)
    phone = gateway.share(CARRIER, person.pk, {"phone": phone}, lambda _there, values: values["phone"])
    return Number(
        trunk=line.pk, dialled=trunk.dialled(line, phone), shown=line.number, host=line.host,
        next_hop=trunk.next_hop(line), user=line.user, password=password, seconds=line.seconds,
    )  # fmt: skip


def _ringing(ring: int) -> Ring | None:
    """A telephone that may still be rung: the call rings, it lasts, and they want it."""
    rows = Ring.objects.select_related("call__home", "person").filter(via=Via.PHONE, state__in=_RINGING)
    found = rows.filter(pk=ring, call__state=CallState.RINGING, call__at__gt=timezone.now() - queries.RINGS).first()
    if found is None or found.call.home is None:
        return None
    return found if any(one.person_id == found.person_id for one in _wanted(found.call.home)) else None


def goes_on(ring: int) -> bool:
    """Whether this telephone may go on ringing or talking: asked every second, so that a consent taken back ends the call."""
    with scope.platform():
        if _ringing(ring) is not None:
            return True
        up = Ring.objects.select_related("call__home").filter(pk=ring, state=RingState.ANSWERED)
        found = up.filter(
            call__state=CallState.ANSWERED, call__answered_at__gt=timezone.now() - actions.LONGEST
        ).first()
        if found is None or found.person_id is None or not consent.granted(found.person_id, INTERCOM_TELEPHONE):
            return False
        return Telephone.objects.filter(home=found.call.home, person=found.person_id).exists()


# --- what becomes of it -----------------------------------------------------------------------------------------------


def rings(ring: int) -> None:
    """The carrier says that the telephone rings."""
    with scope.platform():
        Ring.objects.filter(pk=ring, state=RingState.SENT).update(state=RingState.RUNG, at=timezone.now())


@transaction.atomic
def unanswered(ring: int, state: RingState, why: Why | None = None) -> None:
    """It was not taken; a call that is taken elsewhere or over has said so already."""
    with scope.platform():
        waiting = Ring.objects.filter(pk=ring, state__in=_RINGING)
        if waiting.update(state=state, at=timezone.now()) and why is not None:
            of = Ring.objects.select_related("person").get(pk=ring)
            if of.person is not None:
                Trouble.objects.create(ring=of, community_id=of.community_id, person=of.person, why=why)


@transaction.atomic
def take(ring: int, tag: str) -> None:
    """Somebody at the telephone has pressed a key that takes the call. tag: of the line's answer. Raises Refused."""
    with scope.platform():
        found = _of(ring)
        if found.person is None or found.call.home_id is None:
            raise actions.over()
        queries.membership(found.person, found.call.home_id)
        actions.answer(found.call_id, Via.PHONE, found.person)
        Dialog.objects.filter(call=found.call_id).update(answering_tag=tag)


def open_gate(ring: int) -> None:
    """Raises Refused."""
    with scope.platform():
        found = _of(ring)
        if found.person is None:
            raise actions.over()
        actions.open_gate(found.call_id, found.leg, resident=found.person)


def refuse(ring: int) -> None:
    """Whoever is at the telephone does not take the call. Raises Refused."""
    with scope.platform():
        found = _of(ring)
        if found.person is not None:
            actions.refuse(found.call_id, found.person)


def hang_up(ring: int) -> None:
    """Raises Refused."""
    with scope.platform():
        found = _of(ring)
        actions.hang_up(found.call_id, found.leg)


def _of(ring: int) -> Ring:
    """Raises Refused."""
    found = Ring.objects.select_related("call", "person").filter(pk=ring, via=Via.PHONE).first()
    if found is None:
        raise actions.over()
    return found
