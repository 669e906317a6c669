"""A resident's wallet: opening it, its cards, and moving money."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from anju.ledger import queries as ledger
from anju.partners.paying import Forged
from anju.payments.models import Payment
from anju.people import recheck
from anju.people.limits import Each
from anju.people.models import person_of
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.wallet import limits, moving, opening, paying, queries, transfers
from anju.wallet.authorizing import authorized, card_of, wallet_of
from anju.wallet.models import Card, Level, Movement, MovementKind, MovementState, Wallet, WalletState

log = structlog.get_logger()
router = Router(tags=["wallet"])
PASSWORD = Field(max_length=6)
CODE = Field(max_length=8)
MOVES = Each("wallet", 20)
_CLAIMED = "wallet_claimed"
MOST = 64_000
"""Bytes of a notification."""


class BankCardOut(Schema):
    id: UUID
    bank: str
    last4: str


class WalletOut(Schema):
    """Fen. state: `none` before it is opened. free: what can be spent. held: reserved for what is being worked on.
    today, year: what may still be paid from the balance. unproven: of today's, with the payment password alone.
    """

    offered: bool
    real_name: bool
    state: Literal["none", "open", "frozen"]
    level: Level | None = None
    free: int = 0
    held: int = 0
    today: int = 0
    unproven: int = 0
    year: int = 0
    cards: list[BankCardOut] = []


class WalletMovementOut(Schema):
    """amount: fen; below zero when it left the balance. code: the bank waits for the code that it has sent."""

    id: UUID
    kind: MovementKind
    amount: int
    card: str
    by_card: bool
    state: MovementState
    reason: str
    incoming: bool
    at: datetime

    @staticmethod
    def of(moved: Movement, person: UUID) -> "WalletMovementOut":
        incoming = moved.payee == person and moved.person != person
        return WalletMovementOut(
            id=moved.pk, kind=MovementKind(moved.kind), amount=moved.amount, card=moved.card, by_card=moved.by_card,
            state=MovementState(moved.state), reason=moved.reason, incoming=incoming, at=moved.at,
        )  # fmt: skip


class BankCardIn(Schema):
    """phone: as the bank knows it."""

    card: str = Field(max_length=30)
    phone: str = Field(max_length=20)


class ApplyIn(BankCardIn):
    """name, id_number: of somebody whose name nobody has checked yet."""

    name: str = Field("", max_length=80)
    id_number: str = Field("", max_length=20)


class BindIn(BankCardIn):
    password: str = PASSWORD


class BankCodeIn(Schema):
    code: str = CODE


class NewPasswordIn(BankCodeIn):
    password: str = PASSWORD


class PaymentPasswordIn(Schema):
    password: str = PASSWORD


class WishIn(PaymentPasswordIn):
    """wish: names the wish, so that one sent twice is carried out once."""

    wish: UUID | None = None


class ByCardIn(WishIn):
    amount: int
    card: UUID


class TransferIn(WishIn):
    amount: int
    phone: str = Field(max_length=20)


class WalletPayIn(PaymentPasswordIn):
    """card: from a bank card; from the balance without."""

    payment: UUID
    card: UUID | None = None


class PayeeOut(Schema):
    name: str


def _wallet(request: HttpRequest) -> Wallet:
    return wallet_of(person_of(request.user))


@router.get("/wallet", response=WalletOut)
def wallet(request: HttpRequest) -> WalletOut:
    person = person_of(request.user)
    found = Wallet.objects.filter(pk=person.pk).exclude(state=WalletState.CLOSED).first()
    real_name = queries.has_real_name(person)
    if found is None:
        return WalletOut(offered=opening.offered(), real_name=real_name, state="none")
    lies, room = ledger.balance(found.account), limits.room(found)
    cards = [BankCardOut(id=one.pk, bank=one.bank, last4=one.last4) for one in Card.objects.filter(person=person.pk)]
    return WalletOut(
        offered=opening.offered(), real_name=real_name, state="frozen" if found.state == WalletState.FROZEN else "open",
        level=Level(found.level), free=lies.free, held=lies.held, today=room.today, unproven=room.unproven,
        year=room.year, cards=cards,
    )  # fmt: skip


@router.post("/wallet/open", response={204: None}, throttle=MOVES)
def apply(request: HttpRequest, data: ApplyIn) -> Status[None]:
    """The bank sends a code to the phone that it knows. What it is to compare waits in the session, which is encrypted at rest."""
    person = person_of(request.user)
    claimed = None if queries.has_real_name(person) else opening.claim(data.name, data.id_number)
    number = opening.apply(person, data.card, data.phone, claimed)
    request.session[_CLAIMED] = {"number": number, "claimed": asdict(claimed) if claimed else None}
    return Status(204, None)


@router.post("/wallet/open/confirm", response=WalletOut, throttle=MOVES)
def opened(request: HttpRequest, data: NewPasswordIn) -> WalletOut:
    said = request.session.get(_CLAIMED) or {"number": "", "claimed": None}
    claimed = opening.Claimed(**said["claimed"]) if said["claimed"] else None
    opening.opened(person_of(request.user), data.code, data.password, said["number"], claimed)
    request.session.pop(_CLAIMED, None)
    return wallet(request)


@router.post("/wallet/close", response={204: None}, throttle=MOVES)
def close(request: HttpRequest, data: PaymentPasswordIn) -> Status[None]:
    opening.close(person_of(request.user), _wallet(request), data.password)
    return Status(204, None)


@router.post("/wallet/cards", response={204: None}, throttle=MOVES)
def bind(request: HttpRequest, data: BindIn) -> Status[None]:
    opening.bind(person_of(request.user), _wallet(request), data.card, data.phone, data.password)
    return Status(204, None)


@router.post("/wallet/cards/confirm", response=WalletOut, throttle=MOVES)
def bound(request: HttpRequest, data: BankCodeIn) -> WalletOut:
    _wallet(request)
    opening.bound(person_of(request.user), data.code)
    return wallet(request)


@router.post("/wallet/cards/refresh", response=WalletOut, throttle=MOVES)
def refresh(request: HttpRequest) -> WalletOut:
    """The cards as the institution has them: after a consent was taken back and given again there are none here."""
    opening.refresh_cards(_wallet(request).person)
    return wallet(request)


@router.post("/wallet/cards/{card}/unbind", response=WalletOut, throttle=MOVES)
def unbind(request: HttpRequest, card: UUID, data: PaymentPasswordIn) -> WalletOut:
    person = person_of(request.user)
    opening.unbind(person, _wallet(request), card_of(person, card), data.password)
    return wallet(request)


@router.post("/wallet/password/code", response={204: None}, throttle=MOVES)
def find_password(request: HttpRequest) -> Status[None]:
    """The payment password is lost: the bank sends a code, once the account's own phone has proven who asks."""
    _wallet(request)
    recheck.require(request)
    opening.find_password(person_of(request.user))
    return Status(204, None)


@router.post("/wallet/password", response={204: None}, throttle=MOVES)
def found_password(request: HttpRequest, data: NewPasswordIn) -> Status[None]:
    opening.found_password(person_of(request.user), _wallet(request), data.code, data.password)
    return Status(204, None)


@router.post("/wallet/top-up", response=WalletMovementOut, throttle=MOVES)
def top_up(request: HttpRequest, data: ByCardIn) -> WalletMovementOut:
    return _by_card(request, data, MovementKind.TOP_UP)


@router.post("/wallet/withdraw", response=WalletMovementOut, throttle=MOVES)
def withdraw(request: HttpRequest, data: ByCardIn) -> WalletMovementOut:
    return _by_card(request, data, MovementKind.WITHDRAW)


def _by_card(request: HttpRequest, data: ByCardIn, kind: MovementKind) -> WalletMovementOut:
    person, mine = person_of(request.user), _wallet(request)
    if (known := queries.wished(person, data.wish)) is not None:
        return WalletMovementOut.of(known, person.pk)
    card = card_of(person, data.card)
    with authorized(request, mine, kind, data.amount, data.password):
        made = moving.write_down(mine, kind, data.amount, card=card, wish=data.wish)
    return WalletMovementOut.of(moving.ask(made, data.password, card.agreement), person.pk)


@router.get("/wallet/payee", response=PayeeOut, throttle=[Each("payee", 10)])
def payee(request: HttpRequest, phone: str) -> PayeeOut:
    """Whether somebody can be sent money, and enough of their name to see that it is they."""
    _wallet(request)
    return PayeeOut(name=transfers.find(person_of(request.user), phone).name)


@router.post("/wallet/transfer", response=WalletMovementOut, throttle=MOVES)
def transfer(request: HttpRequest, data: TransferIn) -> WalletMovementOut:
    person, mine = person_of(request.user), _wallet(request)
    if (known := queries.wished(person, data.wish)) is not None:
        return WalletMovementOut.of(known, person.pk)
    to = transfers.find(person, data.phone).person
    with authorized(request, mine, MovementKind.TRANSFER, data.amount, data.password, payee=to):
        made = moving.write_down(mine, MovementKind.TRANSFER, data.amount, payee=to, wish=data.wish)
    return WalletMovementOut.of(moving.ask(made, data.password), person.pk)


@router.post("/wallet/pay", response=WalletMovementOut, throttle=MOVES)
def pay(request: HttpRequest, data: WalletPayIn) -> WalletMovementOut:
    """Pay an order that was made `through` the wallet."""
    person, mine = person_of(request.user), _wallet(request)
    payment = Payment.objects.filter(pk=data.payment, payer=person.pk).first()
    if payment is None:
        raise Refused("unknown_payment", _("没有找到这笔付款，请刷新页面。"), status=404)
    card = card_of(person, data.card) if data.card else None
    with authorized(request, mine, MovementKind.PAY, payment.amount, data.password, by_card=card is not None):
        made = paying.begin(mine, payment.pk, card)
    return WalletMovementOut.of(moving.ask(made, data.password, card.agreement if card else ""), person.pk)


@router.post("/wallet/movements/{movement}/confirm", response=WalletMovementOut, throttle=MOVES)
def confirm(request: HttpRequest, movement: UUID, data: BankCodeIn) -> WalletMovementOut:
    """The bank's code."""
    person = person_of(request.user)
    return WalletMovementOut.of(moving.confirm(queries.own(person, movement), data.code), person.pk)


@router.get("/wallet/movements/{movement}", response=WalletMovementOut)
def movement(request: HttpRequest, movement: UUID) -> WalletMovementOut:
    person = person_of(request.user)
    return WalletMovementOut.of(queries.own(person, movement), person.pk)


@router.get("/wallet/movements", response=list[WalletMovementOut])
def movements(request: HttpRequest, before: datetime | None = None) -> list[WalletMovementOut]:
    """Newest first; `before`: older than this."""
    person = person_of(request.user)
    return [WalletMovementOut.of(one, person.pk) for one in queries.movements(person, before)]


@router.post("/wallet/heard", auth=None, include_in_schema=False)
def heard(request: HttpRequest) -> HttpResponse:
    """The institution tells what became of an order. Only what it has signed is taken; said twice, it is booked once."""
    body = request.body
    try:
        if len(body) > MOST:
            raise Forged("too long")
        outcome = moving.CUSTODIAN.heard({name.lower(): text for name, text in request.headers.items()}, body)
    except Forged as error:
        log.warning("wallet_forged", why=str(error))
        return HttpResponse("forged", content_type="text/plain", status=401)
    with scope.platform():
        found = Movement.objects.filter(order=outcome.number, state__in=Movement.OPEN).exclude(
            kind__in=queries.OWN_NUMBER
        )
        waiting = found.first()
    if waiting is not None:
        moving.decide(waiting, outcome.state, outcome)
    return HttpResponse("Success", content_type="text/plain")
