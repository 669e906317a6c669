"""Giving people duties and taking them back."""

from collections.abc import Iterable
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.homes.models import Community, Duty, StaffRole
from anju.partners.purposes import ACCOUNT
from anju.people import phone as phones
from anju.people.models import PHONE, Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault


def find(phone: str) -> Person:
    """The account with this phone number. Raises Refused."""
    subject = vault().find(PHONE, phones.parse(phone))
    found = Person.objects.filter(pk=subject, is_active=True).first() if subject else None
    if found is None:
        raise Refused("unknown_phone", _("这个手机号还没有账号，请对方先在住户应用里注册。"), field="phone")
    return found


def require_new(person: Person, community: Community, duty: Duty) -> None:
    """Raises Refused when this person has this duty already."""
    if StaffRole.objects.filter(person=person, community=community, duty=duty).exists():
        text = _("对方已经是这个小区的%(duty)s，无需再添加。") % {"duty": Duty(duty).label}
        raise Refused("has_duty", text, status=409, field="duty")


@transaction.atomic
def appoint(person: Person, community: Community, duty: Duty) -> StaffRole:
    """From now on this person has this duty. Raises Refused when they have it already."""
    require_new(person, community, duty)
    role = StaffRole.objects.create(person=person, community=community, duty=duty)
    if not person.is_staff:
        person.is_staff = True
        person.save(update_fields=["is_staff"])
    return role


@transaction.atomic
def dismiss(role: StaffRole) -> None:
    """Take a duty back; with their last one a person is no longer staff."""
    person = role.person
    role.delete()
    with scope.platform():
        left = StaffRole.objects.filter(person=person).exists()
    if not left and not person.is_superuser:
        person.is_staff = False
        person.save(update_fields=["is_staff"])


@consent.on_withdrawal(ACCOUNT)
def dismiss_entirely(subject: UUID) -> None:
    """Whoever closes their account works nowhere any more."""
    with scope.platform():
        StaffRole.objects.filter(person=subject).delete()


def holding(community: UUID, duties: Iterable[Duty]) -> list[Person]:
    """Everybody with an account in use who holds one of these duties in the community."""
    with scope.community(community):
        found = StaffRole.objects.filter(community=community, duty__in=list(duties), person__is_active=True)
        return [role.person for role in found.select_related("person").order_by("person").distinct("person")]


def proven(request: HttpRequest) -> bool:
    """True when the sign-in of this session included a TOTP code, a recovery code or a passkey."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))
