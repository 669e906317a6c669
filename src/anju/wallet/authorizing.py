"""Whether somebody may move money now: an open wallet, the payment password, the limits, and what the risk rules say."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.purposes import WALLET
from anju.people import devices, recheck
from anju.people.models import Person, person_of
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.risk import judging
from anju.risk.judging import Facts, Past
from anju.risk.models import Outcome
from anju.wallet import limits, password
from anju.wallet.models import Card, Movement, MovementKind, MovementState, Wallet, WalletState

LEAST, MOST = 1, 50_000_00
"""Fen in one movement."""


def wallet_of(person: Person) -> Wallet:
    """The person's own, open or frozen. Raises Refused."""
    consent.require(person.pk, WALLET)
    found = Wallet.objects.filter(pk=person.pk).exclude(state=WalletState.CLOSED).first()
    if found is None:
        raise Refused("no_wallet", _("您还没有开通钱包。"), status=404)
    return found


def card_of(person: Person, card: UUID) -> Card:
    """Raises Refused."""
    found = Card.objects.filter(pk=card, person=person.pk).first()
    if found is None:
        raise Refused("unknown_card", _("没有找到这张银行卡，请刷新页面。"), status=404, field="card")
    return found


@contextmanager
def authorized(
    request: HttpRequest, wallet: Wallet, kind: MovementKind, amount: int, secret: str, *, payee: UUID | None = None,
    by_card: bool = False,
) -> Iterator[None]:  # fmt: skip
    """Write the movement down inside: one after the other for each holder, so that limits and rules count what came just before.

    Raises Refused: `proof_required` where a passkey or a code by text message has to say first that it is them.
    """
    name = int.from_bytes(wallet.person.bytes[8:], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [name])
    try:
        _require(request, wallet, kind, amount, secret, payee=payee, by_card=by_card)
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [name])


def _require(
    request: HttpRequest, wallet: Wallet, kind: MovementKind, amount: int, secret: str, *, payee: UUID | None, by_card: bool
) -> None:  # fmt: skip
    if not LEAST <= amount <= MOST:
        raise Refused("bad_amount", _("金额不正确，单笔不超过 5 万元。"), field="amount")
    if wallet.state == WalletState.CLOSING:
        raise Refused("wallet_closing", _("钱包正在关闭，请再次关闭它以确认结果。"), status=409)
    if wallet.state == WalletState.FROZEN and kind != MovementKind.WITHDRAW:
        raise Refused("wallet_frozen", _("钱包已冻结，目前只能提现到您的银行卡。如有疑问，请联系物业。"), status=403)
    password.require(wallet, secret)
    spends = kind in limits.SPENDING and not by_card
    prove = spends and limits.require(wallet, amount)
    verdict = judging.judge(wallet.person, _facts(request, wallet, kind, amount, payee))
    if verdict.outcome == Outcome.REFUSE:
        raise judging.refused(verdict)
    if prove or verdict.outcome == Outcome.PROVE:
        recheck.require(request)


def _facts(request: HttpRequest, wallet: Wallet, kind: MovementKind, amount: int, payee: UUID | None) -> Facts:
    return Facts(
        kind, amount, payee, _past(wallet.person), devices.since(request, person_of(request.user)), wallet.password_at
    )


def _past(person: UUID) -> Sequence[Past]:
    since: datetime = timezone.now() - judging.farthest()
    with scope.person(person):
        rows = Movement.objects.filter(person=person, at__gte=since).exclude(state=MovementState.FAILED)
        return [Past(one.kind, one.amount, one.payee, one.at) for one in rows]
