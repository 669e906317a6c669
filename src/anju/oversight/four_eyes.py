"""One asks, another decides: never the same person, never twice."""

from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes import staffing
from anju.homes.actions import require_duty
from anju.homes.duties import Right
from anju.homes.models import Community
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight.models import Asked, Step
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text

A = TypeVar("A", bound=Asked)


def call(community: Community, right: Right, what: Text, *, but: Person) -> None:
    """Tell those who may decide that something waits for them."""
    for person in staffing.holding(community.pk, right.duties):
        if person.pk != but.pk:
            with notices.language_of(person):
                text = _("%(community)s有一项%(what)s待批准，请到控制台处理。") % {
                    "community": community.name,
                    "what": what,
                }
                notices.tell(person, Notice.Kind.SECURITY, _("有申请待您批准"), text)


@transaction.atomic
def decide(asked: A, right: Right, *, staff: Person, approve: bool, action: AuditEntry.Action) -> A:
    """Approve or refuse what somebody else asked for. Raises Refused: no such right there, one's own, decided already, stale."""
    require_duty(staff, asked.community_id, *right.duties)
    found = type(asked)._default_manager.select_for_update().get(pk=asked.pk)
    if found.asker == staff.pk:
        raise Refused("own_request", _("不能批准自己的申请，请由另一位经理或个人信息保护负责人处理。"), status=403)
    if found.step != Step.ASKED:
        raise Refused("already_decided", _("这份申请刚刚已由其他同事处理，请刷新页面。"), status=409)
    if found.stale:
        raise Refused("request_expired", _("这份申请已超过 24 小时，请申请人重新提交。"), status=410)
    found.step = Step.APPROVED if approve else Step.REFUSED
    found.decider, found.decided_at = staff.pk, timezone.now()
    found.save(update_fields=["step", "decider", "decided_at"])
    audit.record(action, found, actor=staff.pk, subject=getattr(found, "subject", None), reason=found.step)
    answer(found.asker, found._meta.verbose_name or "", Step(found.step).label)
    return found


def answer(asker: UUID, what: Text, step: Text) -> None:
    """Tell whoever asked how it went."""
    person = Person.objects.filter(pk=asker, is_active=True).first()
    if person is None:
        return
    with notices.language_of(person):
        facts = {"what": what, "step": step}
        notices.tell(
            person, Notice.Kind.SECURITY, _("申请有结果了"), _("您申请的%(what)s：%(step)s。请到控制台查看。") % facts
        )
