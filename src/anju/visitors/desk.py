"""What guards do: find a pass, register who comes unannounced, let them in, see who has stayed too long."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import gate_link
from anju.access.models import Gate
from anju.grants import permits
from anju.homes.actions import require_duty
from anju.homes.duties import RECEIVE_VISITORS
from anju.homes.models import Home, Member, Role
from anju.notices import actions as notices
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.visitors import actions
from anju.visitors.arrivals import came_in, went_out
from anju.visitors.models import Pass, PassQuery, PassState, VisitorKey

WALK_IN_LASTS = timedelta(hours=4)
_ASKED = (Role.TENANT, Role.OWNER, Role.FAMILY)
"""Who is asked first: a home that is let is its tenants', whose visitors are no business of the owner's."""
ANSWER_LASTS = timedelta(minutes=30)
"""How long a resident may take to answer for somebody at the gate."""


def passes() -> PassQuery:
    """The passes in sight, with what a list shows."""
    return Pass.objects.select_related("visitor", "home__unit__building", "community")


def find(rows: PassQuery, shown: str) -> Pass:
    """Which of these passes a visitor's six digits or the code on their phone stand for. Raises Refused."""
    text = shown.strip().replace(" ", "")
    visit = (
        _by_code(rows, text) if text.startswith(permits.PREFIX) else rows.filter(number=text).order_by("-until").first()
    )
    if visit is None:
        raise Refused("unknown_pass", _("没有找到这张通行证：请核对访客码，或请访客刷新二维码再扫。"), status=404)
    return visit


def _by_code(rows: PassQuery, text: str) -> Pass | None:
    try:
        permit = permits.read(text)
    except permits.BadPermit:
        return None
    with scope.platform():  # a key belongs to no community; whose pass it is decides what is seen
        key = VisitorKey.objects.filter(id=permit.key).first()
    fresh = abs(timezone.now() - permit.at) <= permits.TOLERANCE
    if key is None or not fresh or not permit.verify(bytes(key.public)):
        return None
    now = timezone.now()
    mine = list(rows.filter(visitor=key.visitor_id).order_by("since"))
    return next((one for one in mine if one.since <= now < one.until), mine[-1] if mine else None)


def is_good(visit: Pass) -> bool:
    """Whether this pass lets somebody in now."""
    return visit.state == PassState.CONFIRMED and visit.since <= timezone.now() < visit.until


def overstaying() -> PassQuery:
    """Whoever came in and has not left although their time is over."""
    return passes().filter(inside_since__isnull=False, until__lte=timezone.now()).order_by("until")


def inside() -> PassQuery:
    """Whoever came in and has not left, and may be here."""
    return passes().filter(inside_since__isnull=False, until__gt=timezone.now()).order_by("until")


def expected() -> PassQuery:
    """Whoever may come within a day, or waits for a resident's answer."""
    soon = timezone.now() + timedelta(days=1)
    return passes().open().filter(since__lt=soon, inside_since__isnull=True).order_by("since")


def require_guard(staff: Person, visit: Pass) -> None:
    """Raises Refused unless this member of staff receives visitors there."""
    require_duty(staff, visit.community_id, *RECEIVE_VISITORS.duties)


@transaction.atomic
def walk_in(staff: Person, home: Home, *, name: str, phone: str) -> Pass:
    """Somebody stands at the gate and was not announced: ask whoever lives there. Raises Refused."""
    require_duty(staff, home.community_id, *RECEIVE_VISITORS.duties)
    living = list(Member.objects.living().filter(home=home, person__is_active=True).select_related("person"))
    grown = [one for one in living if not hasattr(one.person, "child")]
    if not grown:
        raise Refused("nobody_home", _("这套房屋还没有登记住户，无人可以确认，请联系物业经理。"), status=409)
    host = min(grown, key=lambda one: (_ASKED.index(Role(one.role)), one.since)).person
    until = timezone.now() + WALK_IN_LASTS
    visitor, _secret = actions.expect(host, home, name=name, phone=phone, until=until)
    made = actions.give(visitor, home, actions.Window(timezone.now(), until), state=PassState.ASKED)
    audit.record(AuditEntry.Action.VISIT, made, actor=staff.pk, subject=visitor.pk, reason="walk_in")
    with notices.language_of(host):
        actions.tell_host(
            made,
            _("门口有访客，请确认"),
            _("%(name)s 在门口，说要到 %(home)s。请在“访客”里选择同意或拒绝；30 分钟内没有答复，登记会作废。")
            % {"name": visitor.name, "home": home.label},
        )
    return made


def let_in(staff: Person, visit: Pass, gate: Gate) -> None:
    """Open the gate for a pass that is good now. Written down before it is asked. Raises Refused."""
    require_guard(staff, visit)
    if not is_good(visit):
        raise Refused("pass_not_good", _("这张通行证现在不能放行：请看它的状态和时间。"), status=409)
    if gate.community_id != visit.community_id or (visit.gates and gate.pk not in visit.gates):
        raise Refused("unknown_gate", _("这张通行证不能走这个门，请选择别的门。"), status=409, field="gate")
    audit.record(AuditEntry.Action.VISIT, visit, actor=staff.pk, subject=visit.visitor_id, reason="let_in")
    gate_link.open_gate(gate.pk, None)
    with transaction.atomic():
        came_in(visit, timezone.now())


@transaction.atomic
def note_left(staff: Person, visit: Pass) -> None:
    """A guard has seen the visitor leave. Raises Refused."""
    require_guard(staff, visit)
    audit.record(AuditEntry.Action.VISIT, visit, actor=staff.pk, subject=visit.visitor_id, reason="left")
    went_out(visit, timezone.now())


def forget_unanswered() -> int:
    """Registrations at the gate that nobody answered for in time are deleted. Returns how many."""
    with scope.platform():
        asked = Pass.objects.filter(state=PassState.ASKED, made_at__lt=timezone.now() - ANSWER_LASTS)
        visitors = list(asked.values_list("visitor_id", flat=True))
    for one in visitors:
        actions.forget(one)
    return len(visitors)
