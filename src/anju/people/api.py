"""/me: the signed-in person."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema

from anju.people.models import Person, person_of
from anju.privacy.refusals import Refused

router = Router(tags=["people"])


class Me(Schema):
    id: UUID
    nickname: str | None
    phone: str | None
    language: str
    now: datetime
    has_password: bool
    second_factors: list[str]
    staff: bool


class MeChange(Schema):
    nickname: str | None = None
    language: Literal["zh-hans", "en"] | None = None


def _present(person: Person) -> Me:
    factors = Authenticator.objects.filter(user=person).values_list("type", flat=True).distinct()
    return Me(
        id=person.pk,
        nickname=person.nickname.open() if person.nickname else None,
        phone=person.phone.masked() if person.phone else None,
        language=person.language,
        now=timezone.now(),
        has_password=person.has_usable_password(),
        second_factors=[factor for factor in factors if factor != Authenticator.Type.RECOVERY_CODES],
        staff=person.is_staff,
    )


@router.get("/me", response=Me)
def me(request: HttpRequest) -> Me:
    return _present(person_of(request.user))


@router.patch("/me", response=Me)
def change_me(request: HttpRequest, change: MeChange) -> Me:
    person = person_of(request.user)
    if change.nickname is not None:
        nickname = change.nickname.strip()
        if len(nickname) > 20:
            raise Refused("nickname_length", _("昵称请控制在 20 个字以内。"), field="nickname")
        person.nickname = nickname or None
    if change.language is not None:
        person.language = change.language
    person.save(update_fields=["nickname", "language"])
    return _present(person)
