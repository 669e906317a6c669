"""A movement that the institution has carried out otherwise than it was asked: staff decide it, and what is booked is what the institution says.

Nobody types an amount. What goes into a wallet, out of it or to a neighbour is booked as it was done. What pays for something, or lies
in a red packet, is of no use with another amount: the institution is asked to give all of it back, and once it has, it is let go.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ledger import actions as ledger
from anju.ledger import queries as balances
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.lianlian import IN_TRUST, OWN
from anju.partners.paying import Outcome, State, yuan
from anju.payments import actions as payments
from anju.payments.models import Through
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.wallet import books, moving
from anju.wallet.models import Gap, Movement, MovementKind, MovementState

Booking = Callable[[Movement, Outcome], Movement]
_AS_DONE = (MovementKind.TOP_UP, MovementKind.WITHDRAW, MovementKind.TRANSFER)
_WHOLE = (MovementKind.PAY, MovementKind.PACKET)


def behind(gaps: Iterable[Gap]) -> dict[int, Movement]:
    """The movements that differences are about and that are undecided, by the difference. To be called as the platform."""
    numbers = {one.number for one in gaps}
    rows = Movement.objects.filter(Q(number__in=numbers) | Q(order__in=numbers, kind=MovementKind.PAY))
    found = {name: one for one in rows.filter(state__in=Movement.OPEN) for name in _names(one)}
    return {one.pk: found[one.number] for one in gaps if one.number in found}


def _names(moved: Movement) -> set[str]:
    """Under which numbers a difference may be about it."""
    return {moved.number, moved.order} if moved.kind == MovementKind.PAY else {moved.number}


def decide(staff: Person, gap: int, why: str) -> Movement:
    """Ask the institution again and book exactly that, or let it go where it says that there was nothing. Raises Refused."""
    why = why.strip()
    if not 4 <= len(why) <= 200:
        raise Refused("bad_reason", _("请写明理由（4 到 200 个字）。"), field="why")
    with scope.platform():
        moved = behind(Gap.objects.filter(pk=gap, cleared_at=None)).get(gap)
    if moved is None:
        raise _decided()
    if staff.pk in (moved.person, moved.payee):
        raise Refused("own_wallet", _("不能处理自己的钱包，请交给同事。"), status=403)
    outcome = _said(moved)
    do: Booking = _as_said
    if outcome.state is State.DONE and outcome.amount != moved.amount and moved.kind not in _AS_DONE:
        do = _give_up if _gave_back(staff, moved, outcome.amount or 0) else _let_go
    return _book(staff, moved, outcome, why, do)


def _said(moved: Movement) -> Outcome:
    """DONE with an amount above zero, or CLOSED. Raises Refused while it is not known for good."""
    try:
        outcome = moving.query(moved)
    except NotDelivered as error:
        raise Refused("institution_unreachable", _("暂时连不上存管机构，没有改动。请稍后再试。"), status=503) from error
    young = moved.at > timezone.now() - moving.CODE_LASTS
    if outcome.state is State.WAITING or (outcome.state is State.UNKNOWN and young):
        raise Refused("being_done", _("存管机构还在处理这笔款项，没有改动。请过几分钟再试。"), status=409)
    amount = moved.amount if outcome.amount is None else outcome.amount
    return replace(outcome, amount=amount, state=State.DONE if outcome.state is State.DONE and amount else State.CLOSED)


def _decided() -> Refused:
    return Refused("decided", _("这笔款项已经处理过了，请刷新页面。"), status=409)


def _back(moved: Movement) -> UUID:
    """Under which number all of it goes back: always the same, so that however often it is asked, it goes back once."""
    return uuid5(moved.pk, "back")


def _gave_back(staff: Person, moved: Movement, taken: int) -> bool:
    """Whether the institution has given it back, the way it came, because we asked for it; False: by itself. Raises Refused until it has."""
    if moved.kind not in _WHOLE:
        text = _("红包里领取和退回的金额，只能由存管机构更正：请联系机构，更正后会自动入账。")
        raise Refused("not_bookable", text, status=409)
    audit.record(AuditEntry.Action.DECIDE, moved, actor=staff.pk, subject=moved.person, reason="movement_sent_back")
    number, held = _back(moved).hex, IN_TRUST if moved.kind == MovementKind.PACKET else OWN
    try:
        outcome = moving.CUSTODIAN.query_refund(moved.person, moved.order, number)
        if outcome.state is State.UNKNOWN:
            outcome = moving.CUSTODIAN.give_back(moved.person, moved.order, number, taken, taken, held)
    except NotDelivered as error:
        raise _on_its_way() from error
    except Refused:
        outcome = Outcome(moved.order, State.CLOSED)
    if outcome.state is State.DONE and outcome.amount in (None, taken):
        return True
    if outcome.state in (State.WAITING, State.UNKNOWN):
        raise _on_its_way()
    if not _lies_there_again(moved):
        text = _("存管机构没有同意退回。请在机构的商户平台查明这笔订单，请机构全额退回住户的余额，再到这里处理。")
        raise Refused("not_given_back", text, status=409)
    return False


def _lies_there_again(moved: Movement) -> bool:
    """Whether the holder has at the institution what the books say, with nothing else on its way that could make it seem so. Raises Refused."""
    with scope.platform():
        others = Movement.objects.filter(Q(person=moved.person) | Q(payee=moved.person), state__in=Movement.OPEN)
        if moved.by_card or others.exclude(pk=moved.pk).exists():
            return False
        posted = balances.balance(books.wallet(moved.person)).posted
    try:
        return moving.CUSTODIAN.balance(moved.person) == posted
    except NotDelivered as error:
        raise _on_its_way() from error


def _on_its_way() -> Refused:
    text = _("金额不符的付款不能入账，已请存管机构全额原路退回，机构还没有答复。请过几分钟再试。")
    return Refused("being_given_back", text, status=409)


@transaction.atomic
def _book(staff: Person, moved: Movement, outcome: Outcome, why: str, do: Booking) -> Movement:
    with scope.platform():
        held = moving.hold(moved)
        if held.state not in Movement.OPEN:
            raise _decided()
        asked = held.amount
        made = do(held, outcome)
        if made.state in Movement.OPEN:
            raise _decided()
        gaps = Gap.objects.filter(number__in=_names(made), cleared_at=None)
        gaps.update(cleared_at=timezone.now(), cleared_by=staff.pk, note=why)
        audit.record(
            AuditEntry.Action.DECIDE, made, actor=staff.pk, subject=made.person, reason=f"movement_{made.state}"
        )
        holder = Person.objects.filter(pk=made.person).first()
        if holder is not None:
            _tell(holder, made, asked, outcome, why)
    return made


def _as_said(held: Movement, outcome: Outcome) -> Movement:
    reason = "" if outcome.state is State.DONE else "not_carried_out"
    try:
        return moving.decide(held, outcome.state, outcome, reason=reason, as_said=True)
    except Refused as refused:
        if refused.code != "not_enough_money":
            raise
        text = _("机构转出的比住户账上可用的还多，没有改动。请先等住户其他款项办完；仍不够的，请机构更正这笔订单。")
        raise Refused("not_bookable", text, status=409) from refused


def _let_go(held: Movement, _outcome: Outcome) -> Movement:
    """It moved nothing in the end."""
    made = moving.decide(held, State.CLOSED, reason="given_back")
    if made.kind == MovementKind.PAY:
        payments.settle(Through.WALLET, Outcome(made.order, State.CLOSED))
    return made


def _give_up(held: Movement, outcome: Outcome) -> Movement:
    """It went out and came back: both stand in the books, as they do at the institution."""
    made = _let_go(held, outcome)
    if not made.by_card and outcome.amount:
        wallet, custody, name = books.wallet(made.person), books.custody(), _back(made)
        ledger.move(f"wallet-back:{name.hex}", custody, wallet, outcome.amount, "wallet_back", thing=name)
        ledger.move(f"wallet-done:{made.number}", wallet, custody, outcome.amount, f"wallet_{made.kind}", thing=made.pk)
    return made


def _tell(holder: Person, made: Movement, asked: int, outcome: Outcome, why: str) -> None:
    with notices.language_of(holder):
        facts = {
            "kind": MovementKind(made.kind).label, "asked": yuan(asked), "done": yuan(outcome.amount or 0), "why": why,
        }  # fmt: skip
        if made.state == MovementState.DONE:
            text = _("您的%(kind)s申请了 %(asked)s 元，存管机构实际办理了 %(done)s 元，已按实际金额入账。说明：%(why)s")
        elif outcome.state is State.DONE:
            text = _("您的%(kind)s应为 %(asked)s 元，存管机构实际扣了 %(done)s 元，已全部原路退回。说明：%(why)s")
        else:
            text = _("您的%(kind)s %(asked)s 元，存管机构没有办理，款项没有变动。说明：%(why)s")
        notices.tell(holder, NoticeKind.WALLET, _("钱包款项已核对"), text % facts)
