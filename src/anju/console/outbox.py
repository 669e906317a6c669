"""The outbox: without a contract for text messages, staff pass on what would have been sent.

Each text is opened by itself, on the record.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import allowance, for_duties, in_sight, show, staff
from anju.homes.duties import APPOINT, PASS_ON
from anju.homes.models import Application, Member, StaffRole
from anju.partners.models import OutboxMessage
from anju.partners.sms import KEPT
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, communities, duties

SHOWN = 100
NEW = timedelta(minutes=5)
"""How long a code lasts: what is older is only shown for the record."""


def _messages(request: HttpRequest) -> list[OutboxMessage]:
    """The newest messages that are this member of staff's to pass on.

    They see those to people who live or have applied in their communities, and to people who belong nowhere
    yet (new ones); codes of staff only managers. A code opens the whole account: giving somebody a duty here
    does not make their life elsewhere this manager's business, and whoever works elsewhere as well is no one
    manager's.
    """
    found = list(OutboxMessage.objects.filter(at__gt=timezone.now() - KEPT)[:SHOWN])
    if OPERATOR in duties(request):
        return found
    mine = set(in_sight(request))
    people = {message.subject for message in found}
    lives, works = _places(people, Member, Application), _places(people, StaffRole)
    theirs = set(Person.objects.filter(pk__in=people, is_superuser=True).values_list("pk", flat=True))
    theirs |= {person for person, places in works.items() if not places <= communities(request, APPOINT.duties)}
    theirs |= {person for person, places in lives.items() if not places & mine}
    return [message for message in found if message.subject not in theirs]


def _places(people: set[UUID], *models: Any) -> dict[UUID, set[UUID]]:  # Any: models with a person and a community
    """The communities in which these models name each of these people."""
    found: dict[UUID, set[UUID]] = {}
    with scope.platform():
        for model in models:
            for person, community in model.objects.filter(person__in=people).values_list("person_id", "community_id"):
                found.setdefault(person, set()).add(community)
    return found


@require_GET
@for_duties(*PASS_ON.duties)
def outbox(request: HttpRequest) -> HttpResponse:
    return show(request, "outbox", _("短信发件箱"), sms=_messages(request), fresh=timezone.now() - NEW)


@require_GET
@for_duties(*PASS_ON.duties)
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone; the page asks for it every few seconds."""
    return render(request, "console/outbox_rows.html", {"sms": _messages(request), "fresh": timezone.now() - NEW})


@require_POST
@for_duties(*PASS_ON.duties)
def read(request: HttpRequest, message: UUID) -> HttpResponse:
    """One message's row with its text in full."""
    found = next((one for one in _messages(request) if one.pk == message), None)
    if found is None:
        raise Refused("unknown_message", _("没有找到这条短信，它可能已过期删除，请对方重新获取验证码。"), status=404)
    text = audit.unmask(
        found,
        "text",
        actor=staff(request).pk,
        subject=found.subject,
        reason=audit.Reason.DELIVER,
        allowance=allowance(request),
    )
    return render(request, "console/outbox_row.html", {"one": found, "text": text, "fresh": timezone.now() - NEW})
