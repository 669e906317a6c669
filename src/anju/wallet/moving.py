"""Moving money of a wallet: written down and reserved, asked of the institution, booked as the institution says.

The institution is asked outside transactions. What it was asked for stands in `Movement` before; an answer that never came is found
out by asking again (tasks.py). The books move when the institution has moved, never before it.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ledger import actions as ledger
from anju.partners.lianlian import LianLian, Step
from anju.partners.paying import Outcome, State
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.risk.judging import is_blocked
from anju.wallet import books
from anju.wallet.models import Card, Gap, Movement, MovementKind, MovementState, Wallet, WalletState
from anju.wallet.queries import OWN_NUMBER

log = structlog.get_logger()
CUSTODIAN = LianLian()
CODE_LASTS = timedelta(minutes=10)
"""How long the bank's code is waited for."""
_TITLES = {MovementKind.TOP_UP: "钱包充值", MovementKind.TRANSFER: "转账", MovementKind.PACKET: "红包"}
"""What the institution shows of an order: never a name or a home."""
_ORDERS = {
    MovementKind.TOP_UP: "USER_TOPUP",
    MovementKind.TRANSFER: "GENERAL_CONSUME",
    MovementKind.PACKET: "SECURED_CONSUME",
}
Told = Callable[[Movement], None]
TOLD: dict[MovementKind, Told] = {}
"""Who hears, inside the transaction that books it, that a movement is done or has failed."""
ENDS: dict[MovementKind, Told] = {}
"""Has what a movement pays for closed at the institution, once its time has passed. Raises Refused where it has just been paid."""
HOLDS: dict[MovementKind, Told] = {}
"""Takes the locks that who hears of it needs, before the movement's and the books' are taken, so that no two wait for each other."""


def _sides(moved: Movement) -> tuple[UUID, UUID]:
    """From where to where in the books. Raises KeyError for what is not reserved."""
    if moved.kind == MovementKind.WITHDRAW or moved.kind == MovementKind.PAY:
        return books.wallet(moved.person), books.custody()
    if moved.kind == MovementKind.TRANSFER:
        return books.wallet(moved.person), books.wallet(_of(moved.payee))
    packet = books.packet(moved.person, _of(moved.thing))
    if moved.kind == MovementKind.PACKET:
        return books.wallet(moved.person), packet
    return packet, books.wallet(moved.person if moved.kind == MovementKind.UNTAKEN else _of(moved.payee))


def _of(name: UUID | None) -> UUID:
    if name is None:
        raise LookupError("a movement without its other side")
    return name


def _reserves(moved: Movement) -> bool:
    """Whether it takes something that lies with us in the books; what comes from a bank card does not."""
    return moved.kind != MovementKind.TOP_UP and not moved.by_card


@transaction.atomic
def write_down(
    wallet: Wallet, kind: MovementKind, amount: int, *, payee: UUID | None = None, card: Card | None = None, by_card: bool = False,
    thing: UUID | None = None, order: str = "", wish: UUID | None = None,
) -> Movement:  # fmt: skip
    """Reserve it in the books and note what will be asked. Raises Refused when there is not enough, or a wish is carried out already."""
    name = new_id()
    with scope.person(wallet.person):
        if wish and Movement.objects.filter(person=wallet.person, wish=wish).exists():
            raise Refused("being_done", _("这笔操作已经提交，请到钱包明细里查看结果。"), status=409)
        made = Movement.objects.create(
            id=name, person=wallet.person, payee=payee, kind=kind, number=name.hex, order=order or name.hex, amount=amount,
            card=card.last4 if card else "", by_card=by_card, thing=thing, wish=wish,
        )  # fmt: skip
        if _reserves(made):
            debit, credit = _sides(made)
            ledger.reserve(f"wallet:{made.number}", debit, credit, amount, f"wallet_{kind}", thing=name)
    return made


def ask(moved: Movement, password: str, agreement: str = "") -> Movement:
    """Ask the institution to move it. Raises Refused, with nothing moved, when it declines."""
    kind = MovementKind(moved.kind)
    try:
        if kind == MovementKind.WITHDRAW:
            step = CUSTODIAN.withdraw(moved.person, moved.order, moved.amount, agreement, password)
        else:
            title = _TITLES.get(kind, "付款")
            if kind in _ORDERS:
                CUSTODIAN.order(moved.person, moved.order, _ORDERS[kind], moved.amount, title, moved.payee)
            step = CUSTODIAN.pay(moved.person, moved.order, moved.amount, title, password, agreement)
    except Refused as refused:
        decide(moved, State.CLOSED, reason=refused.code)
        raise
    except NotDelivered:
        return _unknown(moved)
    return _stepped(moved, step)


def _unknown(moved: Movement) -> Movement:
    """No answer came: it may be done. It shows as being worked on until the institution has said."""
    log.info("movement_not_answered", kind=moved.kind)
    with scope.person(moved.person):
        return Movement.objects.get(pk=moved.pk)


def _stepped(moved: Movement, step: Step) -> Movement:
    if step.token:
        with scope.person(moved.person):
            Movement.objects.filter(pk=moved.pk, state=MovementState.ASKED).update(
                state=MovementState.CODE, token=step.token
            )
            return Movement.objects.get(pk=moved.pk)
    return learn(moved)


def confirm(moved: Movement, code: str) -> Movement:
    """The bank's code. A wrong one may be given again while it lasts. Raises Refused."""
    if moved.state != MovementState.CODE:
        raise Refused("decided", _("这笔款项已经处理过了，请刷新页面。"), status=409)
    require_going(moved)
    with scope.person(moved.person):
        # From now on it may be carried out: nobody lets it go for want of a code.
        if not Movement.objects.filter(pk=moved.pk, state=MovementState.CODE).update(state=MovementState.ASKED):
            raise Refused("being_done", _("上一个验证码还在核对，请稍候。"), status=409)
    try:
        CUSTODIAN.confirm(moved.person, moved.order, moved.amount, moved.token, code.strip())
    except NotDelivered:
        return _unknown(moved)
    except Refused as refused:
        if refused.code == "code_wrong":
            with scope.person(moved.person):
                Movement.objects.filter(pk=moved.pk, state=MovementState.ASKED).update(state=MovementState.CODE)
        else:
            learn(moved)
        raise
    return learn(moved)


def require_going(moved: Movement) -> None:
    """Staff may have stopped it since it was begun. Raises Refused."""
    with scope.platform():
        stopped = Wallet.objects.filter(pk=moved.person).exclude(state=WalletState.OPEN).exists()
    if stopped and moved.kind != MovementKind.WITHDRAW:
        raise Refused("wallet_frozen", _("钱包已冻结，目前只能提现到您的银行卡。如有疑问，请联系物业。"), status=403)
    if moved.payee and is_blocked(moved.payee):
        raise Refused("payee_blocked", _("收款人目前被限制收款，没有扣款。"), status=403)


def learn(moved: Movement) -> Movement:
    """Ask the institution what became of it, and book that. A payment from the wallet ends with its payment."""
    try:
        outcome = query(moved)
        if outcome.state in (State.WAITING, State.UNKNOWN) and moved.at < timezone.now() - CODE_LASTS:
            return _let_go(moved, outcome)
    except (Refused, NotDelivered) as error:
        log.info("movement_not_learnt", error=type(error).__name__)
        return moved
    return decide(moved, outcome.state, outcome)


def _let_go(moved: Movement, outcome: Outcome) -> Movement:
    """Its time has passed: closed where nothing can come of it any more. Raises Refused where it has just been paid."""
    closed = Outcome(moved.number, State.CLOSED)
    if outcome.state is State.UNKNOWN:
        return decide(moved, State.CLOSED, closed)
    if moved.kind in _ORDERS:
        CUSTODIAN.close(moved.person, moved.order, moved.at + CODE_LASTS)
        return decide(moved, State.CLOSED, closed)
    if moved.kind == MovementKind.WITHDRAW:
        # Without the bank's code, which we have not passed on, no withdrawal is carried out.
        return decide(moved, State.CLOSED, closed, only_from=MovementState.CODE)
    if end := ENDS.get(MovementKind(moved.kind)):
        end(moved)
        return decide(moved, State.CLOSED, closed)
    return moved


def query(moved: Movement) -> Outcome:
    """What the institution says of it. Raises Refused, NotDelivered."""
    if moved.kind == MovementKind.WITHDRAW:
        return CUSTODIAN.query_withdrawal(moved.person, moved.order)
    if moved.kind == MovementKind.UNTAKEN:
        return CUSTODIAN.query_refund(moved.person, moved.order, moved.number)
    return CUSTODIAN.query(moved.person, moved.number if moved.kind == MovementKind.SHARE else moved.order)


def hold(moved: Movement) -> Movement:
    """For nobody else to decide until the transaction ends, with what who hears of it needs. To be called as the platform."""
    if first := HOLDS.get(MovementKind(moved.kind)):
        first(moved)
    return Movement.objects.select_for_update(no_key=True).get(pk=moved.pk)


@transaction.atomic
def decide(
    moved: Movement,
    state: State,
    outcome: Outcome | None = None,
    *,
    reason: str = "",
    only_from: MovementState | None = None,
    as_said: bool = False,
) -> Movement:
    """Book what the institution says of it, once however often it says so. only_from: nothing, where it is not in this state any more.

    as_said: also where it says another amount than was asked for. Raises Refused where the books have not got that much.
    """
    with scope.platform():
        held = hold(moved)
        asked = held.amount
        if (
            held.state not in Movement.OPEN
            or (only_from and held.state != only_from)
            or state not in (State.DONE, State.CLOSED)
        ):
            return held
        if state is State.DONE and outcome and outcome.amount not in (None, held.amount):
            if not as_said or not outcome.amount:
                log.error("movement_differs", kind=held.kind)
                _differs(held, outcome.amount or 0)
                return held
            held.amount = outcome.amount
        held.done_at, held.token = timezone.now(), ""
        held.state = MovementState.DONE if state is State.DONE else MovementState.FAILED
        held.reason = reason
        held.save(update_fields=["amount", "state", "done_at", "token", "reason"])
        if _reserves(held):
            kept = ledger.reserved(f"wallet:{held.number}")
            if state is not State.DONE:
                ledger.void(f"wallet-not:{held.number}", kept)
            elif held.amount <= asked:
                ledger.post(f"wallet-done:{held.number}", kept, held.amount)
            else:
                ledger.void(f"wallet-not:{held.number}", kept)
                debit, credit = _sides(held)
                ledger.move(
                    f"wallet-done:{held.number}", debit, credit, held.amount, f"wallet_{held.kind}", thing=held.pk
                )
        elif state is State.DONE and held.kind == MovementKind.TOP_UP:
            ledger.move(
                f"wallet:{held.number}", books.custody(), books.wallet(held.person), held.amount, "wallet_top_up",
                thing=held.pk,
            )  # fmt: skip
        if told := TOLD.get(MovementKind(held.kind)):
            told(held)
    return held


def _differs(held: Movement, theirs: int) -> None:
    """Into the queue of what somebody has to clear up (differing.py), once, under the number that the institution has it by."""
    number = held.number if held.kind in OWN_NUMBER else held.order
    if not Gap.objects.filter(person=held.person, number=number, cleared_at=None).exists():
        facts = {"ours": held.amount, "theirs": theirs}
        Gap.objects.get_or_create(person=held.person, day=timezone.localdate(), number=number, defaults=facts)


def of_payment(thing: UUID) -> Movement | None:
    """What is still undecided of paying this."""
    with scope.platform():
        return Movement.objects.filter(kind=MovementKind.PAY, thing=thing, state__in=Movement.OPEN).first()
