"""What a person may know of their own data: who looked at it, who received it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.homes.models import Duty, StaffRole
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.gateway import BY_LAW, RECIPIENTS, title_of
from anju.privacy.models import AuditEntry, Sharing
from anju.privacy.purposes import PURPOSES
from anju.privacy.refusals import Text
from anju.privacy.registry import CATEGORIES

SHOWN = 100
_DISCLOSURE: Text = gettext_lazy("依法提供")
"""What stands where a purpose does, when an authority asked by law."""


@dataclass(frozen=True)
class Look:
    """One act of somebody else on this person's data. why: empty where the act itself says it."""

    at: datetime
    who: str
    action: str
    what: str
    fields: list[str]
    why: str


@dataclass(frozen=True)
class Receipt:
    """One time that something about this person went to a third party, or was stopped."""

    at: datetime
    recipient: str
    company: str
    link: str
    purpose: str
    fields: list[str]
    result: Sharing.Result


def looks(subject: UUID) -> list[Look]:
    """Who saw or changed what, the newest first. Their own acts are not news to them."""
    rows = AuditEntry.objects.filter(subject=subject).exclude(actor=subject).exclude(action=AuditEntry.Action.SIGN_IN)
    entries = list(rows.order_by("-id")[:SHOWN])
    names = _staff({entry.actor for entry in entries if entry.actor})
    return [
        Look(
            at=entry.at,
            who=names.get(entry.actor, _("工作人员")) if entry.actor else _("程序"),
            action=str(entry.get_action_display()),
            what=audit.target_title(entry),
            fields=audit.field_titles(entry),
            why=_why(entry.reason),
        )
        for entry in entries
    ]


def _staff(actors: set[UUID]) -> dict[UUID | None, str]:
    """Members of staff by their duties and what they call themselves; never by phone or name."""
    titles: dict[UUID, list[str]] = {}
    with scope.platform():
        for person, duty in StaffRole.objects.filter(person__in=actors).values_list("person_id", "duty"):
            titles.setdefault(person, []).append(str(Duty(duty).label))
    return {
        person.pk: " ".join(
            [*dict.fromkeys(titles.get(person.pk, [_("工作人员")])), str(person.nickname or "")]
        ).strip()
        for person in Person.objects.filter(pk__in=actors)
    }


def _why(reason: str) -> str:
    if reason.startswith(audit.GLASS):
        return _("紧急查看")
    return str(audit.REASONS.get(reason, ""))


def receipts(subject: UUID) -> list[Receipt]:
    """Who received what, the newest first."""
    rows = Sharing.objects.filter(subject=subject).order_by("-id")[:SHOWN]
    return [_receipt(one) for one in rows]


def _receipt(row: Sharing) -> Receipt:
    to, purpose = RECIPIENTS.get(row.recipient), PURPOSES.get(row.purpose)
    return Receipt(
        at=row.at,
        recipient=str(title_of(row.recipient)),
        company=str(to.company) if to else "",
        link=to.link if to else "",
        purpose=str(purpose.title if purpose else _DISCLOSURE if row.recipient in BY_LAW else row.purpose),
        fields=[_kind(row.recipient, name) for name in row.fields],
        result=Sharing.Result(row.result),
    )


def _kind(recipient: str, name: str) -> str:
    to = RECIPIENTS.get(recipient)
    return str(CATEGORIES[to.fields[name]]) if to and name in to.fields else audit.place_title(name)
