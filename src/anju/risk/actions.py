"""Objecting to a verdict, answering that, and stopping money from going to somebody."""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.risk.judging import is_blocked
from anju.risk.models import Appeal, Block, Outcome, Rule, Verdict

WITHIN = timedelta(days=30)
"""How long after a verdict one may object."""
PASSES = timedelta(hours=24)
"""How long a lifted rule lets somebody pass."""


@transaction.atomic
def appeal(person: Person, verdict: UUID, plea: str) -> Verdict:
    """The person says that it was they, and why. Raises Refused."""
    plea = plea.strip()
    if not 4 <= len(plea) <= 300:
        raise Refused("bad_plea", _("请说明情况（4 到 300 个字）。"), field="plea")
    rows = Verdict.objects.select_for_update().filter(pk=verdict, person=person.pk, outcome=Outcome.REFUSE)
    found = rows.filter(at__gt=timezone.now() - WITHIN).first()
    if found is None:
        raise Refused("unknown_verdict", _("没有找到可以申诉的记录。"), status=404)
    if found.appeal != Appeal.NONE:
        raise Refused("appealed", _("这条记录已经申诉过了。"), status=409)
    found.appeal, found.plea, found.appealed_at = Appeal.WAITING, plea, timezone.now()
    found.save(update_fields=["appeal", "plea", "appealed_at"])
    return found


@transaction.atomic
def answer(staff: Person, verdict: UUID, *, lift: bool, text: str) -> Verdict:
    """Staff have looked into it. Lifted, the same rules let the person pass for a day. Raises Refused."""
    text = _reason(text)
    with scope.platform():
        rows = Verdict.objects.select_for_update().filter(pk=verdict, appeal=Appeal.WAITING)
        found = rows.first()
        if found is None:
            raise Refused("answered", _("这条申诉已经处理过了，请刷新页面。"), status=409)
        if lift and any(is_blocked(UUID(one["payee"])) for one in found.reasons if "payee" in one):
            raise Refused("still_blocked", _("收款人被限制收款：请先解除那项限制，再答复申诉。"), status=409)
        if found.person == staff.pk:
            raise Refused("own_appeal", _("不能处理自己的申诉，请交给同事。"), status=403)
        now = timezone.now()
        found.appeal = Appeal.LIFTED if lift else Appeal.UPHELD
        found.answer, found.answered_at, found.answered_by = text, now, staff.pk
        found.lifted_until = now + PASSES if lift else None
        found.save(update_fields=["appeal", "answer", "answered_at", "answered_by", "lifted_until"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="risk_appeal")
    person = Person.objects.filter(pk=found.person).first()
    if person is not None:
        with notices.language_of(person):
            said = _("已解除，24 小时内可以重新操作。") if lift else _("维持原来的判断。")
            body = _("您的资金安全申诉有了结果：%(said)s%(text)s") % {"said": said, "text": text}
            notices.tell(person, NoticeKind.SECURITY, _("申诉结果"), body)
    return found


def block(staff: Person, person: Person, why: str) -> None:
    """No money goes to somebody until it is lifted. Raises Refused."""
    why = _reason(why)
    if person.pk == staff.pk:
        raise Refused("own_block", _("不能限制自己，请交给同事。"), status=403)
    try:
        with scope.platform(), transaction.atomic():
            made = Block.objects.create(person=person.pk, why=why, by=staff.pk)
            audit.record(AuditEntry.Action.DECIDE, made, actor=staff.pk, reason="payee_blocked")
    except IntegrityError as error:
        raise Refused("blocked", _("已经限制了这位住户收款。"), status=409) from error


@transaction.atomic
def unblock(staff: Person, block_id: int) -> None:
    """Money may go to them again. Raises Refused."""
    with scope.platform():
        found = Block.objects.select_for_update().filter(pk=block_id, ended_at__isnull=True).first()
        if found is None:
            raise Refused("unblocked", _("这项限制已经解除，请刷新页面。"), status=409)
        found.ended_at = timezone.now()
        found.save(update_fields=["ended_at"])
        audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="payee_unblocked")


@transaction.atomic
def set_rule(staff: Person, rule: Rule, *, most: int, minutes: int, active: bool) -> None:
    """Change from which number on a rule acts, how far it looks back, or whether. Raises Refused."""
    if most <= 0 or not 0 <= minutes <= 60 * 24 * 30:
        raise Refused("bad_rule", _("请填写大于零的数值，时间不超过 30 天。"), field="most")
    said = {"most": most, "minutes": minutes, "active": active}
    changed = [name for name, value in said.items() if getattr(rule, name) != value]
    for name in changed:
        setattr(rule, name, said[name])
    rule.save(update_fields=changed)
    audit.record(AuditEntry.Action.CHANGE, rule, actor=staff.pk, fields=changed, reason="risk_rule")


def _reason(text: str) -> str:
    text = text.strip()
    if not 4 <= len(text) <= 200:
        raise Refused("bad_reason", _("请写明理由（4 到 200 个字）。"), field="reason")
    return text
