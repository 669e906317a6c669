"""The desk: cash and cards, by shifts whose drawer is counted at the end."""

from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import books, taking
from anju.billing.models import Method, Receipt, Shift
from anju.homes.actions import require_duty
from anju.homes.duties import COLLECT
from anju.homes.models import Home
from anju.ledger import actions as ledger
from anju.ledger import queries
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused

AT_THE_DESK = (Method.CASH, Method.POS)
MOST = 1_000_000_00
"""Fen at once."""


def current(cashier: Person) -> Shift | None:
    return Shift.objects.filter(cashier=cashier.pk, closed_at__isnull=True).first()


@transaction.atomic
def open_shift(cashier: Person, community: UUID, float_: int) -> Shift:
    """Begin, with so much in the drawer to give change from. Raises Refused."""
    require_duty(cashier, community, *COLLECT.duties)
    if not 0 <= float_ <= MOST:
        raise Refused("bad_amount", _("金额不正确，请重新填写。"), field="float")
    with scope.community(community):
        Person.objects.select_for_update(no_key=True).get(pk=cashier.pk)
        if current(cashier) is not None:
            raise Refused("shift_open", _("您还有一个班次没有交班。"), status=409)
        return Shift.objects.create(community_id=community, cashier=cashier.pk, float=float_)


@transaction.atomic
def receive(cashier: Person, home: Home, amount: int, method: Method, bills: list[UUID], wish: str) -> Receipt:
    """Take money for these bills of a home; what is more than they come to is kept for later ones.

    wish: names this taking, so that a form sent twice takes once. Raises Refused.
    """
    require_duty(cashier, home.community_id, *COLLECT.duties)
    if method not in AT_THE_DESK:
        raise Refused("bad_method", _("请选择现金或刷卡。"), field="method")
    if not 0 < amount <= MOST:
        raise Refused("bad_amount", _("金额不正确，请重新填写。"), field="amount")
    with scope.community(home.community_id):
        shift = own_shift(cashier, home.community_id)
        name = _name(shift, wish)
        done = Receipt.objects.filter(payment=name).first()
        if done is not None and (done.home_id, done.amount, done.method) != (home.pk, amount, method):
            raise Refused("form_used", _("这张表单已经收过另一笔款，请重新查找房屋后再收。"), status=409)
        if done is not None:
            return done
        taking.hold(home.community_id)
        debit = (
            books.drawer(home.community_id, shift.pk) if method == Method.CASH else books.terminal(home.community_id)
        )
        ledger.move(f"desk:{name}", debit, books.income(home.community_id), amount, "fees", thing=name)
        chosen = taking.locked(home.pk, [str(one) for one in bills])
        receipt = taking.take(home, chosen, amount, method, shift=shift, payment=name)
    audit.record(AuditEntry.Action.ADD, receipt, actor=cashier.pk, reason=f"fees_{method}")
    return receipt


def own_shift(cashier: Person, community: UUID) -> Shift:
    """The shift this cashier is in at this community's desk, for nobody else to end meanwhile. Raises Refused."""
    found = _own(cashier)
    if found.community_id != community:
        raise _no_shift()
    return found


def _own(cashier: Person) -> Shift:
    """The shift this cashier is in, for nobody else to end meanwhile. Raises Refused."""
    found = Shift.objects.select_for_update().filter(cashier=cashier.pk, closed_at__isnull=True).first()
    if found is None:
        raise _no_shift()
    return found


def _no_shift() -> Refused:
    return Refused("no_shift", _("请先开班。"), status=409)


def _name(shift: Shift, wish: str) -> UUID:
    return uuid5(shift.pk, wish)


def expected(shift: Shift) -> int:
    """Fen that should lie in the drawer now."""
    return shift.float - queries.balance(books.drawer(shift.community_id, shift.pk)).posted


@transaction.atomic
def close_shift(cashier: Person, counted: int) -> Shift:
    """End it with what was counted. A difference stands in the shift for a manager to see. Raises Refused."""
    with scope.platform():
        shift = _own(cashier)
        if not 0 <= counted <= MOST * 10:
            raise Refused("bad_amount", _("金额不正确，请重新填写。"), field="counted")
        shift.expected, shift.counted, shift.closed_at = expected(shift), counted, timezone.now()
        shift.save(update_fields=["expected", "counted", "closed_at"])
    audit.record(AuditEntry.Action.DECIDE, shift, actor=cashier.pk, reason="shift_closed")
    return shift
