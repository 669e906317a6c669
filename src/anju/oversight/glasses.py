"""Break-glass: who asks for it, who allows it, what it opens, and how the person concerned hears of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.actions import require_duty
from anju.homes.duties import ASK_GLASS, DECIDE_GLASS, Duty
from anju.homes.models import Application, Community, Member, duties
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight import four_eyes
from anju.oversight.models import Glass, Step
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.audit import REASONS, Reason
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text

LASTS = timedelta(minutes=15)
ASK_REASONS = (Reason.SAFETY, Reason.CONTACT, Reason.DISPUTE, Reason.LAW)


@dataclass(frozen=True)
class Sight:
    """One sealed value that a break-glass opens. key: names it on the page."""

    row: models.Model
    field: str

    @property
    def key(self) -> str:
        return f"{self.row._meta.model_name}:{self.row.pk}:{self.field}"

    @property
    def title(self) -> Text:
        return self.row._meta.get_field(self.field).verbose_name  # type: ignore[union-attr]

    @property
    def masked(self) -> str:
        return str(getattr(self.row, self.field))


@transaction.atomic
def ask(community: Community, subject: UUID, *, staff: Person, reason: str) -> Glass:
    """Ask to see all about one person of this community. Raises Refused."""
    require_duty(staff, community.pk, *ASK_GLASS.duties)
    if reason not in ASK_REASONS:
        raise Refused("reason_required", _("请选择申请紧急查看的理由。"), field="reason")
    mine = Glass.objects.filter(community=community, subject=subject, asker=staff.pk)
    if any(one.live or (one.step == Step.ASKED and not one.stale) for one in mine):
        raise Refused("asked_already", _("您对这位住户的申请还在进行中，请到“紧急查看”里继续。"), status=409)
    made = Glass.objects.create(community=community, subject=subject, asker=staff.pk, reason=reason)
    audit.record(AuditEntry.Action.GLASS, made, actor=staff.pk, subject=subject, reason=Step.ASKED)
    four_eyes.call(community, DECIDE_GLASS, made._meta.verbose_name or "", but=staff)
    return made


@transaction.atomic
def decide(glass: Glass, *, staff: Person, approve: bool) -> Glass:
    """Allow it for the next minutes, or not. Raises Refused."""
    done = four_eyes.decide(glass, DECIDE_GLASS, staff=staff, approve=approve, action=AuditEntry.Action.GLASS)
    if approve:
        done.until = timezone.now() + LASTS
        done.save(update_fields=["until"])
    return done


def sights(glass: Glass) -> Iterator[Sight]:
    """Every sealed value that it opens, of this community only."""
    there = {"person": glass.subject, "community": glass.community_id}
    yield from (Sight(one, "phone") for one in Person.objects.filter(pk=glass.subject) if one.phone)
    yield from (Sight(one, "name") for one in Member.objects.filter(**there) if one.name)
    for application in Application.objects.filter(**there):
        yield Sight(application, "name")
        yield Sight(application, "id_number")


def reveal(glass: Glass, key: str, *, staff: Person) -> tuple[Sight, str]:
    """One value in full; the person hears of it at once. Raises Refused."""
    if glass.asker != staff.pk:
        raise Refused("not_yours", _("只有申请人本人可以查看。您如有需要，请另行申请。"), status=403)
    if not glass.live:
        raise Refused("glass_over", _("紧急查看没有获准或已到时间。如仍有需要，请重新申请。"), status=403)
    sight = next((one for one in sights(glass) if one.key == key), None)
    if sight is None:
        raise Refused("nothing_to_show", _("这里没有可以查看的内容，请刷新页面。"), status=404)
    with transaction.atomic():
        value = audit.unmask(
            sight.row,
            sight.field,
            actor=staff.pk,
            subject=glass.subject,
            reason=f"{audit.GLASS}{glass.pk.hex}",
            allowance=0,
        )
        _tell(glass, sight, staff)
    return sight, value


def _tell(glass: Glass, sight: Sight, staff: Person) -> None:
    person = Person.objects.filter(pk=glass.subject, is_active=True).first()
    if person is None:
        return
    held = sorted(duties(staff.pk).get(glass.community_id, set()))
    with notices.language_of(person):
        facts = {
            "time": f"{timezone.localtime():%Y-%m-%d %H:%M}",
            "community": glass.community.name,
            "duty": "、".join(str(Duty(one).label) for one in held) or _("运维"),
            "reason": REASONS[glass.reason],
            "field": sight.title,
        }
        text = _(
            "%(time)s，%(community)s的%(duty)s以“%(reason)s”为由，经另一人批准查看了您的%(field)s。这次查看已记入审计。如有疑问，请联系物业的个人信息保护负责人。"
        )
        notices.tell(person, Notice.Kind.SECURITY, _("您的信息被紧急查看"), text % facts)
