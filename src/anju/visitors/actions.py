"""What hosts do: invite, prolong, take back, answer for whoever stands at the gate."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.actions import refresh
from anju.access.models import Gate
from anju.grants import encoding
from anju.homes.models import Home, Member
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people import phone as phones
from anju.people.models import Person
from anju.privacy import consent, erasure, scope
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from anju.visitors.models import Pass, PassState, Visitor
from anju.visitors.purposes import VISIT

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(days=7)
LONGEST_FREQUENT = timedelta(days=180)
MOST_AHEAD = timedelta(days=60)
MOST_OPEN = 20
"""Passes of one host that may be open at a time."""
MOST_USES = 100


@dataclass(frozen=True)
class Window:
    """When a visitor may come in. Both aware; until is the first moment they may not."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Invitation:
    """A pass and the secret of the link that leads to it, which is kept nowhere."""

    visit: Pass
    secret: str


def require_home(host: Person, home: UUID) -> Member:
    """The host's living membership of this home. Raises Refused."""
    found = Member.objects.living().filter(person=host, home=home).select_related("home__unit__building").first()
    if found is None:
        raise Refused("unknown_home", _("请选择您自己的房屋。"), status=404, field="home")
    return found


def _check(window: Window, member: Member, *, frequent: bool) -> None:
    now, longest = timezone.now(), LONGEST_FREQUENT if frequent else LONGEST
    if window.until <= now:
        raise Refused("window_past", _("结束时间已经过去，请重新选择。"), field="until")
    if window.until - window.since < SHORTEST:
        raise Refused("window_short", _("到访时间至少 15 分钟，请把结束时间往后调。"), field="until")
    if window.until - max(window.since, now) > longest:
        text = _("一次邀请最长 %(days)s 天；常来的访客请打开“常客”，最长 %(frequent)s 天。")
        text %= {"days": LONGEST.days, "frequent": LONGEST_FREQUENT.days}
        raise Refused("window_long", text, field="until")
    if window.since - now > MOST_AHEAD:
        raise Refused("window_far", _("最多提前 %(days)s 天邀请。") % {"days": MOST_AHEAD.days}, field="since")
    if member.until is not None and window.until > member.until:
        raise Refused("window_beyond", _("结束时间不能晚于您自己的到期时间。"), field="until")


def _gates(community: UUID, gates: Sequence[UUID]) -> list[UUID]:
    with scope.community(community):
        known = set(Gate.objects.filter(community=community, pk__in=gates).values_list("pk", flat=True))
    if known != set(gates):
        raise Refused("unknown_gate", _("所选门禁不在这个小区，请重新选择。"), field="gates")
    return sorted(known, key=str)


def _number(community: UUID) -> str:
    """Six digits that no open pass of the community has."""
    with scope.community(community):
        taken = set(Pass.objects.filter(community=community, state__in=Pass.OPEN).values_list("number", flat=True))
    while (number := f"{secrets.randbelow(10**6):06}") in taken:
        pass
    return number


def _secret() -> tuple[str, bytes]:
    made = encoding.encode(secrets.token_bytes(16))
    return made, digest(made)


def digest(secret: str) -> bytes:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def invite(
    host: Person,
    *,
    home: UUID,
    name: str,
    phone: str,
    window: Window,
    gates: Sequence[UUID] = (),
    uses: int | None = None,
    frequent: bool = False,
) -> Invitation:
    """Expect somebody new. They decide by the link what they agree to; until then no gate knows of them. Raises Refused."""
    member = require_home(host, home)
    _check(window, member, frequent=frequent)
    _require_room(host)
    visitor, secret = expect(host, member.home, name=name, phone=phone, until=window.until, frequent=frequent)
    return Invitation(give(visitor, member.home, window, gates=gates, uses=uses), secret)


def _require_room(host: Person) -> None:
    if Pass.objects.open().filter(host=host).count() >= MOST_OPEN:
        text = _("您已有 %(count)s 个有效邀请，请先撤销不需要的。") % {"count": MOST_OPEN}
        raise Refused("too_many_passes", text, status=409)


def expect(
    host: Person, home: Home, *, name: str, phone: str, until: datetime, frequent: bool = False
) -> tuple[Visitor, str]:
    """A person with a key of their own, and the secret of their link. Raises Refused."""
    name, number = name.strip(), phones.parse(phone)
    if not 2 <= len(name) <= 40:
        raise Refused("name_form", _("请填写访客姓名（2 到 40 个字）。"), field="name")
    person = Person(id=new_id(), language=host.language)
    vault().admit(person.pk)
    person.set_unusable_password()
    person.save()
    secret, kept = _secret()
    with scope.community(home.community_id):
        made = Visitor.objects.create(
            person=person,
            community_id=home.community_id,
            host=host,
            name=name,
            phone=number,
            frequent=frequent,
            kept_from=until,
            digest=kept,
        )
    return made, secret


def give(
    visitor: Visitor,
    home: Home,
    window: Window,
    *,
    gates: Sequence[UUID] = (),
    uses: int | None = None,
    state: PassState = PassState.INVITED,
) -> Pass:
    """A pass for this visitor. Raises Refused."""
    if uses is not None and not 1 <= uses <= MOST_USES:
        raise Refused("uses_form", _("进入次数请填 1 到 %(most)s。") % {"most": MOST_USES}, field="uses")
    community = home.community_id
    try:
        with transaction.atomic(), scope.community(community):
            made = Pass.objects.create(
                community_id=community,
                visitor=visitor,
                host=visitor.host,
                home=home,
                since=window.since,
                until=window.until,
                gates=_gates(community, gates),
                uses=uses,
                number=_number(community),
                state=state,
                walk_in=state == PassState.ASKED,
            )
    except IntegrityError as error:  # two at the same moment drew the same number
        raise Refused("try_again", _("登记人数较多，请再试一次。"), status=409) from error
    tell_change(made)
    return made


def tell_change(visit: Pass) -> None:
    """Pages that show this pass look again."""
    facts = {"id": str(visit.pk), "state": visit.state}
    notices.announce(f"person.{visit.host_id}", "visit", facts)
    notices.announce(f"community.{visit.community_id}", "visit", facts)


@transaction.atomic
def invite_again(
    host: Person, visitor: UUID, *, home: UUID, window: Window, gates: Sequence[UUID] = (), uses: int | None = None
) -> Pass:
    """A further pass for somebody who is known; whoever agreed before need not be asked again. Raises Refused."""
    member = require_home(host, home)
    consent.hold(visitor, change=True)
    known = own_visitor(host, visitor)
    _check(window, member, frequent=known.frequent)
    _require_room(host)
    if known.community_id != member.community_id:
        raise Refused("unknown_visitor", _("这位访客是另一个小区的，请新建邀请。"), status=409)
    agreed = consent.granted(known.pk, VISIT)
    state = PassState.CONFIRMED if agreed else PassState.INVITED
    made = give(known, member.home, window, gates=gates, uses=uses, state=state)
    _keep(known)
    refresh(known.pk, known.community_id)
    return made


def _keep(visitor: Visitor) -> None:
    """The retention counts from the end of the last visit."""
    latest = Pass.objects.filter(visitor=visitor).order_by("-until").values_list("until", flat=True).first()
    if latest is not None:
        visitor.kept_from = latest + (LONGEST_FREQUENT if visitor.frequent else timedelta())
        visitor.save(update_fields=["kept_from"])


def own_visitor(host: Person, visitor: UUID) -> Visitor:
    """A visitor of this host's. Raises Refused."""
    found = Visitor.objects.filter(host=host, pk=visitor).first()
    if found is None:
        raise Refused("unknown_visitor", _("没有找到这位访客，可能已被删除，请返回列表。"), status=404)
    return found


def own_pass(host: Person, visit: UUID) -> Pass:
    """A pass that this host gave, held still for a change. Raises Refused."""
    rows = Pass.objects.select_related("visitor", "home__unit__building")
    seen = rows.filter(host=host, pk=visit).first()
    if seen is not None:
        consent.hold(seen.visitor_id, change=True)
        seen = rows.filter(host=host, pk=visit).first()
    if seen is None:
        raise Refused("unknown_pass", _("没有找到这张通行证，可能已被删除，请返回列表。"), status=404)
    return seen


def set_state(visit: Pass, state: PassState) -> None:
    """Move a pass on, and every gate with it."""
    visit.state = state
    visit.save(update_fields=["state"])
    refresh(visit.visitor_id, visit.community_id)
    tell_change(visit)


@transaction.atomic
def revoke(host: Person, visit: UUID) -> Pass:
    """The pass ends now, at every gate. Raises Refused."""
    found = own_pass(host, visit)
    if found.state not in Pass.OPEN:
        raise Refused("pass_ended", _("这张通行证已经结束，无需撤销。"), status=409)
    set_state(found, PassState.REVOKED)
    return found


@transaction.atomic
def extend(host: Person, visit: UUID, until: datetime) -> Pass:
    """The visitor may stay longer (or shorter). Raises Refused."""
    found = own_pass(host, visit)
    if found.state not in (PassState.INVITED, PassState.CONFIRMED):
        raise Refused("pass_ended", _("这张通行证已经结束，请重新邀请。"), status=409)
    member = require_home(host, found.home_id)
    _check(Window(found.since, until), member, frequent=found.visitor.frequent)
    found.until = until
    found.save(update_fields=["until"])
    _keep(found.visitor)
    refresh(found.visitor_id, found.community_id)
    tell_change(found)
    return found


@transaction.atomic
def new_link(host: Person, visitor: UUID) -> str:
    """The secret of a new link; the former leads nowhere any more. Raises Refused."""
    found = own_visitor(host, visitor)
    secret, found.digest = _secret()
    found.save(update_fields=["digest"])
    return secret


@transaction.atomic
def set_frequent(host: Person, visitor: UUID, frequent: bool) -> Visitor:
    """Keep somebody who comes again and again, or let them go by the ordinary rule. Raises Refused."""
    found = own_visitor(host, visitor)
    found.frequent = frequent
    found.save(update_fields=["frequent"])
    _keep(found)
    return found


@transaction.atomic
def answer(host: Person, visit: UUID, *, let_in: bool) -> Pass:
    """Confirm or refuse somebody whom a guard has registered at the gate. Raises Refused."""
    found = own_pass(host, visit)
    if found.state != PassState.ASKED or found.until <= timezone.now():
        raise Refused("already_answered", _("这位访客已经处理过了，请刷新列表。"), status=409)
    set_state(found, PassState.CONFIRMED if let_in else PassState.REFUSED)
    return found


def forget(subject: UUID, *, actor: UUID | None = None) -> None:
    """Everything held about this visitor goes, here and at every gate; their key first of all, so that backups are silent too."""
    with transaction.atomic(), scope.platform():
        consent.hold(subject, change=True)
        visitor = Visitor.objects.filter(pk=subject).first()
        if visitor is None:
            return
        community, host = visitor.community_id, visitor.host_id
        consent.withdraw(subject, VISIT, actor=actor)
        erasure.erase_person(subject)
        Person.objects.filter(pk=subject).update(is_active=False)
        refresh(subject, community)
        transaction.on_commit(lambda: vault().erase([subject]))
        notices.announce(f"person.{host}", "visit", {"id": str(subject), "state": "forgotten"})


def forget_own(host: Person, visitor: UUID) -> None:
    """The host deletes a visitor of theirs. Raises Refused."""
    forget(own_visitor(host, visitor).pk, actor=host.pk)


def forget_all(host: UUID) -> None:
    """Nobody is expected by somebody who does not live here any more."""
    with scope.platform():
        theirs = list(Visitor.objects.filter(host=host).values_list("pk", flat=True))
    for one in theirs:
        forget(one)


def tell_host(visit: Pass, title: str, body: str) -> None:
    """A message about a visit; the visitor is named by the mask, for a list outlives the visit."""
    notices.tell(visit.host, Notice.Kind.VISITOR, title, body)
