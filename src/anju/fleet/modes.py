"""Locking a gate, letting it stand open, and back: two people, but for a fire one is enough at first (docs/decisions/0022-gate-modes.md)."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import actions as access
from anju.access import gate_link
from anju.access.models import Gate
from anju.fleet.models import ModeChange
from anju.homes import staffing
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_GATES, RUN_GATES
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.oversight import four_eyes
from anju.oversight.models import Step
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused


@transaction.atomic
def ask(gate: Gate, mode: str, *, staff: Person, reason: str) -> ModeChange:
    """Ask that a gate is run so. Raises Refused: no such right, no reason, it is run so, somebody has asked already."""
    require_duty(staff, gate.community_id, *RUN_GATES.duties)
    _check(gate, mode, reason)
    made = _make(gate, mode, staff, reason, emergency=False)
    four_eyes.call(gate.community, RUN_GATES, made._meta.verbose_name or "", but=staff)
    return made


@transaction.atomic
def open_for_fire(gate: Gate, *, staff: Person) -> ModeChange:
    """Let a gate stand open at once, on one person's word; somebody else countersigns. Everybody with the right is told. Raises Refused."""
    require_duty(staff, gate.community_id, *RUN_GATES.duties)
    _check(gate, Gate.Mode.FREE, ModeChange.Why.FIRE, emergency=True)
    # What others asked for before the fire must not be agreed to during it.
    ModeChange.objects.filter(gate=gate, step=Step.ASKED, emergency=False).update(step=Step.REFUSED)
    made = _make(gate, Gate.Mode.FREE, staff, ModeChange.Why.FIRE, emergency=True)
    _carry_out(made)
    for person in staffing.holding(gate.community_id, RUN_GATES.duties):
        with notices.language_of(person):
            facts = {"community": gate.community.name, "gate": gate.name}
            text = _("%(community)s的%(gate)s已因火情或疏散常开。请核实现场，并到控制台“门禁设备”确认或撤销。") % facts
            notices.tell(person, Notice.Kind.GATE, _("门禁已紧急常开"), text)
    return made


@transaction.atomic
def decide(change: ModeChange, *, staff: Person, approve: bool) -> ModeChange:
    """Another person agrees, or not. An emergency that is not agreed to ends: the gate is run normally again. Raises Refused."""
    done = four_eyes.decide(change, RUN_GATES, staff=staff, approve=approve, action=AuditEntry.Action.GATE)
    if approve and not done.emergency:
        _carry_out(done)
    elif not approve and done.emergency and _is_last(done):
        _run(done.gate, Gate.Mode.NORMAL)
    return done


def renew_keys(gate: Gate, *, staff: Person) -> None:
    """Have a gate make itself new keys; its old ones open nothing once the new ones work. Raises Refused."""
    require_duty(staff, gate.community_id, *KEEP_GATES.duties)
    audit.record(AuditEntry.Action.GATE, gate, actor=staff.pk, reason="renew_keys")
    gate_link.renew_keys(gate.pk)


def waiting(community: UUID) -> list[ModeChange]:
    """What a second person is asked for, the newest first."""
    found = ModeChange.objects.filter(community=community, step=Step.ASKED).select_related("gate")
    return [one for one in found if not one.stale]


def _is_last(change: ModeChange) -> bool:
    """Whether the gate is run as it is because of this change, and not of a later one."""
    carried_out = ModeChange.objects.filter(gate=change.gate_id, carried_out_at__isnull=False)
    return carried_out.order_by("-carried_out_at").first() == change and change.gate.mode == change.mode


def _check(gate: Gate, mode: str, reason: str, *, emergency: bool = False) -> None:
    if mode not in Gate.Mode.values:
        raise Refused("unknown_mode", _("请选择正常、锁闭或常开。"), field="mode")
    if reason not in ModeChange.Why.values:
        raise Refused("reason_required", _("请选择变更运行模式的理由。"), field="reason")
    Gate.objects.select_for_update(no_key=True).get(pk=gate.pk)  # of two who ask at once, one is told so
    gate.refresh_from_db(fields=["mode"])
    if gate.mode == mode:
        raise Refused("mode_holds", _("这个门禁现在就是这样运行的，无需变更。"), status=409)
    if not emergency and any(one.gate_id == gate.pk and not one.emergency for one in waiting(gate.community_id)):
        raise Refused("asked_already", _("这个门禁已有一项变更待批准，请先处理它。"), status=409)


def _make(gate: Gate, mode: str, staff: Person, reason: str, *, emergency: bool) -> ModeChange:
    made = ModeChange.objects.create(
        community_id=gate.community_id, gate=gate, mode=mode, asker=staff.pk, reason=reason, emergency=emergency
    )
    audit.record(AuditEntry.Action.GATE, made, actor=staff.pk, reason=f"mode_{mode}")
    return made


def _carry_out(change: ModeChange) -> None:
    change.carried_out_at = timezone.now()
    change.save(update_fields=["carried_out_at"])
    _run(change.gate, change.mode)


def _run(gate: Gate, mode: str) -> None:
    """Written down first: a gate that does not hear it now follows by its settings when it is back."""
    number = access.run_gate(gate, mode)
    transaction.on_commit(lambda: _order(gate.pk, mode, number))
    notices.announce(f"community.{gate.community_id}", "gate", {"id": str(gate.pk), "mode": mode})


def _order(gate: UUID, mode: str, number: int) -> None:
    gate_link.set_mode(gate, mode, number)
