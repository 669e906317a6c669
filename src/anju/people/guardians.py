"""Children under fourteen: who speaks for them, and what ends with that.

A child is a person with a key and rights of their own, but without phone or password. Until their fourteenth birthday only a
confirmed guardian decides for them; from that day on what guardians agreed to no longer counts (consent.py asks here).
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.purposes import ACCOUNT
from anju.people import phone as phones
from anju.people.models import PHONE, Child, Guardianship, Person
from anju.people.purposes import CHILD
from anju.privacy import consent
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

guardian_invited = Signal()
"""Sent with `person` inside the transaction that asks them to be somebody's guardian as well."""

OF_AGE = 14
MOST_CHILDREN = 8
MOST_GUARDIANS = 4
INVITATION_LASTS = timedelta(days=7)


def age(born: date, today: date) -> int:
    """In full years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def is_young(child: Child) -> bool:
    """Whether their guardians still decide for them."""
    return age(date.fromisoformat(child.birth_date.open()), timezone.localdate()) < OF_AGE


@consent.spoken_for_by
def guardians_of(subject: UUID) -> Collection[UUID] | None:
    """The confirmed guardians of somebody under fourteen; None for everybody else."""
    child = Child.objects.filter(pk=subject).first()
    if child is None or not is_young(child):
        return None
    confirmed = Guardianship.objects.filter(child=subject, state=Guardianship.State.CONFIRMED)
    return set(confirmed.values_list("guardian_id", flat=True))


def require_guardian(guardian: Person, child: UUID) -> Guardianship:
    """Their guardianship of this child, of whatever age. Raises Refused."""
    found = children_of(guardian).filter(child=child).first()
    if found is None:
        raise Refused("unknown_child", _("没有找到这个孩子，请返回列表。"), status=404)
    return found


def children_of(guardian: Person) -> QuerySet[Guardianship]:
    """This person's own guardianships, with the children."""
    mine = Guardianship.objects.filter(guardian=guardian, state=Guardianship.State.CONFIRMED)
    return mine.select_related("child__person")


def invitations_to(person: Person) -> QuerySet[Guardianship]:
    """Invitations that this person may still confirm."""
    fresh = timezone.now() - INVITATION_LASTS
    asked = Guardianship.objects.filter(guardian=person, state=Guardianship.State.INVITED, since__gt=fresh)
    return asked.select_related("child__person")


def inviter(invitation: Guardianship) -> Person | None:
    """Who sent it, while they are still here."""
    by = invitation.invited_by
    return Person.objects.filter(pk=by, is_active=True).first() if by else None


def speaking(guardian: Person, child: UUID) -> UUID:
    """The child, for whom this guardian decides today. Raises Refused."""
    if not is_young(require_guardian(guardian, child).child):
        raise Refused("grown_up", _("孩子已满十四周岁，须由本人决定。请为孩子开通自己的账号。"), status=403)
    return child


@transaction.atomic
def add(guardian: Person, *, name: str, birth_date: date, versions: dict[str, int]) -> Guardianship:
    """A child of this guardian, who agrees for them to what keeping a child's data needs. Raises Refused.

    versions: of the account's and the child's purpose, as they were on the screen, by code.
    """
    name = name.strip()
    if not 2 <= len(name) <= 40:
        raise Refused("name_form", _("请填写孩子的姓名（2 到 40 个字）。"), field="name")
    if not 0 <= age(birth_date, timezone.localdate()) < OF_AGE or birth_date > timezone.localdate():
        raise Refused(
            "not_a_child", _("请填写未满十四周岁孩子的出生日期；年满十四周岁的请本人注册。"), field="birth_date"
        )
    consent.hold(guardian.pk)
    consent.require(guardian.pk, ACCOUNT)
    if children_of(guardian).count() >= MOST_CHILDREN:
        raise Refused("too_many_children", _("最多可添加 %(count)s 个孩子。") % {"count": MOST_CHILDREN}, status=409)
    for purpose in (ACCOUNT, CHILD):
        consent.require_shown(versions.get(purpose.code, 0), purpose)
    person = Person(id=new_id(), language=guardian.language)
    vault().admit(person.pk)
    person.set_unusable_password()
    person.save()
    child = Child.objects.create(person=person, name=name, birth_date=birth_date.isoformat())
    made = Guardianship.objects.create(child=child, guardian=guardian, state=Guardianship.State.CONFIRMED)
    for purpose in (ACCOUNT, CHILD):
        consent.grant(person.pk, purpose, version=purpose.version, actor=guardian.pk)
    return made


@transaction.atomic
def invite(guardian: Person, child: UUID, phone: str) -> Guardianship:
    """Ask somebody to be a guardian as well; they must confirm it from the account of this phone. Raises Refused.

    The answer is the same whether the number has an account or not: it tells nobody who is here.
    """
    number = phones.parse(phone)
    consent.hold(child, change=True)
    speaking(guardian, child)
    consent.require(child, CHILD)
    living = list(Guardianship.objects.filter(child=child).exclude(state=Guardianship.State.ENDED))
    if len(living) >= MOST_GUARDIANS:
        raise Refused("too_many_guardians", _("最多可有 %(count)s 位监护人。") % {"count": MOST_GUARDIANS}, status=409)
    found = vault().find(PHONE, number)
    known = Person.objects.filter(pk=found, is_active=True, phone_verified=True).first() if found else None
    if any((known and one.guardian_id == known.pk) or (one.phone and one.phone.open() == number) for one in living):
        raise Refused("invited_already", _("这位监护人已经在列，无需再次邀请。"), status=409, field="phone")
    made = Guardianship.objects.create(child_id=child, guardian=known, phone=number, invited_by=guardian.pk)
    if known:
        guardian_invited.send(Guardianship, person=known)
    return made


def _locked(guardianship: UUID) -> Guardianship:
    """One that has not ended, and nobody else's to change. Raises Refused."""
    seen = Guardianship.objects.filter(pk=guardianship).exclude(state=Guardianship.State.ENDED).first()
    if seen is not None:
        consent.hold(seen.child_id, change=True)
        seen = Guardianship.objects.filter(pk=guardianship).exclude(state=Guardianship.State.ENDED).first()
    if seen is None:
        raise Refused("unknown_invitation", _("这份邀请已失效，请联系发出邀请的监护人。"), status=404)
    return seen


@transaction.atomic
def confirm(person: Person, guardianship: UUID) -> Guardianship:
    """The invited person says that they are the child's guardian. Raises Refused."""
    consent.hold(person.pk)
    consent.require(person.pk, ACCOUNT)
    if not invitations_to(person).filter(pk=guardianship).exists():
        raise Refused("unknown_invitation", _("这份邀请已失效，请联系发出邀请的监护人。"), status=404)
    found = _locked(guardianship)
    found.state, found.confirmed_at, found.phone = Guardianship.State.CONFIRMED, timezone.now(), None
    found.save(update_fields=["state", "confirmed_at", "phone"])
    return found


@transaction.atomic
def end(guardian: Person, guardianship: UUID) -> None:
    """End one's own guardianship, refuse an invitation, or take back one's own. Raises Refused.

    With the last guardian everything held about the child goes: nobody is left to answer for it.
    """
    found = Guardianship.objects.filter(pk=guardianship).first()
    mine = found and (found.guardian_id == guardian.pk or found.invited_by == guardian.pk)
    if found is None or not mine or (found.state == Guardianship.State.CONFIRMED and found.guardian_id != guardian.pk):
        raise Refused("unknown_child", _("没有找到这个孩子，请返回列表。"), status=404)
    _end(_locked(guardianship))


def _end(guardianship: Guardianship) -> None:
    child, spoke = guardianship.child_id, guardianship.state == Guardianship.State.CONFIRMED
    now = timezone.now()
    guardianship.state, guardianship.ended_at, guardianship.phone = Guardianship.State.ENDED, now, None
    guardianship.save(update_fields=["state", "ended_at", "phone"])
    sent = Guardianship.objects.filter(child=child, state=Guardianship.State.INVITED)
    sent.filter(invited_by=guardianship.guardian_id).update(state=Guardianship.State.ENDED, ended_at=now, phone=None)
    if spoke and not Guardianship.objects.filter(child=child, state=Guardianship.State.CONFIRMED).exists():
        consent.withdraw(child, ACCOUNT, actor=guardianship.guardian_id)


@transaction.atomic
def hand_over(guardian: Person, child: UUID, phone: str) -> None:
    """Somebody who has turned fourteen gets an account of their own, under this phone. Raises Refused.

    They sign in with a code sent to it, are asked about every purpose themselves, and have no guardians here any more.
    """
    number = phones.parse(phone)
    found = require_guardian(guardian, child)
    if is_young(found.child):
        raise Refused("too_young", _("年满十四周岁后，孩子才能有自己的账号。"), status=409)
    taken = vault().find(PHONE, number)
    if taken and Person.objects.filter(pk=taken, is_active=True).exists():
        raise Refused("phone_taken", _("这个手机号不能使用，请换一个。"), status=409, field="phone")
    consent.hold(child, change=True)
    person = Person.objects.select_for_update().get(pk=child)
    person.phone, person.phone_verified = number, True
    person.save(update_fields=["phone", "phone_verified"])
    vault().claim(PHONE, number, child)
    consent.withdraw(child, CHILD, actor=guardian.pk)


def forget_invitations() -> int:
    """Forget the numbers of invitations that nobody took up. Returns how many."""
    stale = Guardianship.objects.filter(state=Guardianship.State.INVITED, since__lt=timezone.now() - INVITATION_LASTS)
    return stale.update(state=Guardianship.State.ENDED, ended_at=timezone.now(), phone=None)


@consent.before_erasure(CHILD)
def _close(child: UUID) -> None:
    """A child nobody speaks for has nothing here; whoever has an account of their own by now keeps it."""
    if Person.objects.filter(pk=child, phone__isnull=True).exists():
        consent.withdraw(child, ACCOUNT)


@consent.before_erasure(ACCOUNT)
def _leave_children(guardian: UUID) -> None:
    """Whoever closes their account is nobody's guardian any more."""
    for one in Guardianship.objects.filter(guardian=guardian).exclude(state=Guardianship.State.ENDED):
        consent.hold(one.child_id, change=True)
        _end(one)
