"""A home's own people: an owner invites family and tenants, everyone confirms for themselves, and it ends everywhere at once."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.actions import end_membership, membership_changed
from anju.homes.models import Home, InvitationState, Member, MemberInvitation, Role
from anju.homes.purposes import HOME_CERTIFICATION, HOUSEHOLD
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people import guardians
from anju.people import phone as phones
from anju.people.models import PHONE, Guardianship, Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

LASTS = timedelta(days=7)
MOST_WAITING = 10
"""Invitations to one home that may wait at a time."""
BY_INVITATION = (Role.FAMILY, Role.TENANT)
LONGEST_LEASE = timedelta(days=366 * 3)


@dataclass(frozen=True)
class Invited:
    """An invitation and the secret of the link that leads to it, which is kept nowhere."""

    invitation: MemberInvitation
    secret: str


def digest(secret: str) -> bytes:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).digest()


def require_owner(person: Person, home: UUID) -> Member:
    """Raises Refused unless this person owns the home now."""
    mine = Member.objects.living().filter(person=person, home=home, role=Role.OWNER)
    found = mine.select_related("home__unit__building", "community").first()
    if found is None:
        raise Refused("not_the_owner", _("只有这套房屋的业主才能添加或移除成员。"), status=403)
    return found


def _check_end(role: Role, until: datetime | None) -> None:
    now = timezone.now()
    if until is not None and until <= now:
        raise Refused("window_past", _("到期时间已经过去，请重新选择。"), field="until")
    if role == Role.TENANT and (until is None or until > now + LONGEST_LEASE):
        raise Refused("lease_end", _("请填写租客的到期时间，最长 3 年。"), field="until")


@transaction.atomic
def invite(owner: Person, home: UUID, *, role: Role, name: str, phone: str, until: datetime | None) -> Invited:
    """Invite somebody into one's home. Only the account of this phone can answer, and only with the link. Raises Refused.

    The answer is the same whether the number has an account or not: it tells nobody who is here.
    """
    consent.require(owner.pk, HOUSEHOLD)
    mine, name, number = require_owner(owner, home), name.strip(), phones.parse(phone)
    if role not in BY_INVITATION:
        raise Refused("role_form", _("请选择家属或租客。"), field="role")
    if not 2 <= len(name) <= 40:
        raise Refused("name_form", _("请填写对方姓名（2 到 40 个字）。"), field="name")
    _check_end(role, until)
    if waiting(home).count() >= MOST_WAITING:
        text = _("这套房屋已有 %(count)s 份邀请在等待，请先撤回不需要的。") % {"count": MOST_WAITING}
        raise Refused("too_many_invitations", text, status=409)
    secret = secrets.token_urlsafe(16)
    made = MemberInvitation.objects.create(
        community_id=mine.community_id,
        home=mine.home,
        inviter=owner,
        role=role,
        name=name,
        phone=number,
        until=until,
        ends_at=timezone.now() + LASTS,
        digest=digest(secret),
    )
    known = vault().find(PHONE, number)
    if known and (who := Person.objects.filter(pk=known, is_active=True, phone_verified=True).first()):
        with notices.language_of(who):
            facts = {"home": mine.home.label, "community": mine.community.name}
            text = _(
                "有业主邀请您成为%(community)s %(home)s 的成员，请打开对方发来的链接核对并确认；如果您不认识对方，请不要理会。"
            )
            notices.tell(who, Notice.Kind.HOME, _("房屋成员邀请"), text % facts)
    return Invited(made, secret)


def waiting(home: UUID) -> QuerySet[MemberInvitation]:
    """Invitations to this home that may still be answered."""
    open_ones = MemberInvitation.objects.filter(state=InvitationState.INVITED, ends_at__gt=timezone.now())
    return open_ones.filter(home=home)


@transaction.atomic
def take_back(owner: Person, invitation: UUID) -> None:
    """The link leads nowhere any more. Raises Refused."""
    found = MemberInvitation.objects.select_for_update().filter(inviter=owner, pk=invitation).first()
    if found is None or found.state != InvitationState.INVITED:
        raise Refused("unknown_invitation", _("这份邀请已被答复或已失效，请刷新列表。"), status=404)
    _end(found, InvitationState.REVOKED)


def _end(invitation: MemberInvitation, state: InvitationState) -> None:
    invitation.state, invitation.ends_at = state, timezone.now()
    invitation.save(update_fields=["state", "ends_at"])
    notices.announce(f"person.{invitation.inviter_id}", "home", {"id": str(invitation.home_id)})


def read(person: Person, secret: str) -> MemberInvitation:
    """The invitation that a link leads to, for the account it is meant for alone. Raises Refused."""
    with scope.platform():
        rows = MemberInvitation.objects.select_related("home__unit__building", "community", "inviter")
        found = rows.filter(digest=digest(secret), state=InvitationState.INVITED, ends_at__gt=timezone.now()).first()
    if found is None:
        raise Refused("unknown_invitation", _("这份邀请已失效，请联系邀请您的业主。"), status=404)
    if not person.phone or not person.phone_verified or person.phone.open() != found.phone.open():
        text = _("这份邀请发给了另一个手机号。请用收到邀请的手机号登录，或请业主改用您现在的手机号邀请。")
        raise Refused("another_phone", text, status=403)
    return found


@transaction.atomic
def accept(person: Person, secret: str, *, name: str) -> Member:
    """Join the home, having agreed to what that needs. Raises Refused."""
    consent.require(person.pk, HOME_CERTIFICATION)
    if not 2 <= len(name.strip()) <= 40:
        raise Refused("name_form", _("请填写您的姓名（2 到 40 个字）。"), field="name")
    found = _locked(person, secret)
    with scope.community(found.community_id):
        if not Member.objects.living().filter(person=found.inviter_id, home=found.home_id, role=Role.OWNER).exists():
            raise Refused("unknown_invitation", _("邀请您的人已不是这套房屋的业主，请联系物业。"), status=409)
        made = admit(person, found.home, Role(found.role), name=name.strip(), until=found.until)
        _end(found, InvitationState.ACCEPTED)
    with notices.language_of(found.inviter):
        facts = {"name": found.name, "home": found.home.label}
        text = _("%(name)s 已确认加入%(home)s。") % facts
        notices.tell(found.inviter, Notice.Kind.HOME, _("成员已加入"), text)
    return made


@transaction.atomic
def decline(person: Person, secret: str) -> None:
    """Not join. Raises Refused."""
    found = _locked(person, secret)
    with scope.platform():
        _end(found, InvitationState.DECLINED)


def _locked(person: Person, secret: str) -> MemberInvitation:
    """It can be answered once: nobody else answers it meanwhile. Raises Refused."""
    found = read(person, secret)
    with scope.platform():
        MemberInvitation.objects.select_for_update().get(pk=found.pk)
    return read(person, secret)


def admit(
    person: Person, home: Home, role: Role, *, name: str, until: datetime | None, since: datetime | None = None
) -> Member:
    """Somebody belongs to this home from now (or `since`) on. To be called in the community's scope. Raises Refused."""
    try:
        with transaction.atomic():
            made = Member.objects.create(
                community_id=home.community_id,
                person=person,
                home=home,
                role=role,
                name=name,
                since=since or timezone.now(),
                until=until,
            )
    except IntegrityError as error:
        raise Refused("already_certified", _("已经是这套房屋的成员，无需再次加入。"), status=409) from error
    membership_changed.send(Member, person=person.pk, community=home.community_id)
    return made


@transaction.atomic
def add_child(guardian: Person, home: UUID, child: UUID) -> Member:
    """A guardian brings their child into the home where they live themselves. Raises Refused."""
    subject = guardians.speaking(guardian, child)
    consent.require(subject, HOME_CERTIFICATION)
    living = Member.objects.living().filter(person=guardian, home=home)
    mine = living.select_related("home__unit__building").first()
    if mine is None:
        raise Refused("unknown_home", _("请选择您自己的房屋。"), status=404, field="home")
    found = guardians.require_guardian(guardian, child).child
    with scope.community(mine.community_id):
        return admit(found.person, mine.home, Role.FAMILY, name=found.name.open(), until=mine.until)


@receiver(membership_changed)
def _take_children_along(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """A child lives where somebody lives who speaks for them: when the last of them has left the home, so has the child."""
    with scope.platform():
        spoken_for = Guardianship.objects.filter(guardian=person, state=Guardianship.State.CONFIRMED).values("child")
        theirs = Member.objects.lasting().filter(person__in=spoken_for, community=community)
        for child in list(theirs.select_related("person")):
            confirmed = Guardianship.objects.filter(child=child.person_id, state=Guardianship.State.CONFIRMED)
            here = Member.objects.lasting().filter(home=child.home_id, person__in=confirmed.values("guardian"))
            if not here.exists():
                end_membership(child)


def _of_household(person: Person, member: UUID) -> Member:
    """A member whom this person may change: of the home they own, or themselves, or a child of theirs. Raises Refused."""
    with scope.platform():
        found = Member.objects.living().filter(pk=member).select_related("home__unit__building").first()
    children = {one.child_id for one in guardians.children_of(person)}
    if found is not None and found.person_id != person.pk and found.person_id not in children:
        require_owner(person, found.home_id)
        if found.role == Role.OWNER:
            raise Refused("an_owner", _("不能移除另一位业主，如有变更请联系物业。"), status=403)
    if found is None:
        raise Refused("unknown_member", _("没有找到这位成员，可能已经搬离，请刷新。"), status=404)
    return found


@transaction.atomic
def remove(person: Person, member: UUID) -> None:
    """A member's time here ends now, and every right with it: an owner's family or tenant, oneself, or one's child. Raises Refused."""
    found = _of_household(person, member)
    with scope.community(found.community_id):
        end_membership(found)
    if found.person_id != person.pk and not hasattr(found.person, "child"):
        with notices.language_of(found.person):
            text = _("您在%(home)s的成员身份已由业主结束，相应的开门方式已停用。如有疑问请联系业主或物业。")
            notices.tell(found.person, Notice.Kind.HOME, _("成员身份已结束"), text % {"home": found.home.label})
    notices.announce(f"person.{found.person_id}", "home", {"id": str(found.home_id)})


@transaction.atomic
def prolong(owner: Person, member: UUID, until: datetime | None) -> Member:
    """Set when a family member's or tenant's time ends. Raises Refused."""
    found = _of_household(owner, member)
    require_owner(owner, found.home_id)
    if found.role == Role.OWNER:
        raise Refused("an_owner", _("业主的期限由物业登记，请联系物业。"), status=403)
    _check_end(Role(found.role), until)
    with scope.community(found.community_id):
        found.until = until
        found.save(update_fields=["until"])
        membership_changed.send(Member, person=found.person_id, community=found.community_id)
    return found


@transaction.atomic
def set_ways(owner: Person, member: UUID, off: Collection[str]) -> Member:
    """Which ways in are switched off for a family member or tenant; they choose among the others themselves. Raises Refused."""
    found = _of_household(owner, member)
    require_owner(owner, found.home_id)
    with scope.community(found.community_id):
        found.ways_off = sorted(set(off))
        found.save(update_fields=["ways_off"])
        membership_changed.send(Member, person=found.person_id, community=found.community_id)
    return found
