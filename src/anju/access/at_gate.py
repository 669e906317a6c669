"""Enrolling one's face at the gate: the platform only says who may, and never sees a face."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import gate_link
from anju.access.actions import refresh_everywhere
from anju.access.models import Face, GateFace, Grant
from anju.access.purposes import FACE_AT_GATE
from anju.grants import invitations
from anju.grants.invitations import Invitation
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused


@dataclass(frozen=True)
class Code:
    """What the app shows as a QR code, and until when it serves."""

    text: str
    until: datetime


@transaction.atomic
def invite(person: Person, *, anew: bool = False) -> Code:
    """A code with which this person enrols at any gate of theirs, once at each. anew: earlier enrolments no longer count.

    Raises Refused: no consent, a face on the platform already, no gate yet.
    """
    consent.require(person.pk, FACE_AT_GATE)
    with scope.person(person.pk):
        if Face.objects.filter(person=person).exists():
            raise Refused(
                "enrolled_here", _("平台上已保存您的人脸特征。要改为只保存在门禁里，请先删除人脸。"), status=409
            )
        found, made = GateFace.objects.select_for_update().get_or_create(person=person)
        if anew and not made:
            GateFace.objects.filter(pk=found.pk).update(rev=F("rev") + 1)
            found.refresh_from_db()
    refresh_everywhere(person.pk)
    with scope.person(person.pk):
        holder = (
            Grant.objects.filter(person=person, gone=False).order_by("-rev").values_list("holder", flat=True).first()
        )
    if holder is None:
        raise Refused("no_gate", _("您还没有可以通行的门禁，请先完成房屋认证。"), status=409)
    until = timezone.now() + invitations.LASTS
    return Code(invitations.make(gate_link.platform_key(), Invitation(holder, found.rev, until)), until)


@transaction.atomic
def remove(person: Person) -> None:
    """Every gate forgets the face that was enrolled there; the consent stays."""
    GateFace.objects.filter(person=person).delete()
    refresh_everywhere(person.pk)
