"""Residents do whatever comes to their minds while the institution loses answers and goes out: nothing is lost, nothing is there twice."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.packets.models import Packet
from anju.payments import tasks as payment_tasks
from anju.payments.models import Payment, PaymentState, Through
from anju.privacy import scope
from anju.risk.models import Rule
from anju.wallet import books
from anju.wallet import tasks as wallet_tasks
from anju.wallet.models import Card, Movement, MovementKind, MovementState
from tests.packets.test_packets import THIRD, agrees, lay_out, over
from tests.payments.conftest import Bill
from tests.payments.conftest import bill as bill
from tests.peers.lianlian import LianLian
from tests.wallet.conftest import FIRST, PASSWORD, SECOND, Holder, with_wallet
from tests.wallet.conftest import custodian as custodian
from tests.wallet.conftest import serving as serving

STEPS = 120


class World:
    """Three holders, what they may do, and what may go wrong meanwhile."""

    def __init__(self, its: LianLian, community: Community, bill: Bill, seed: int) -> None:
        self.its, self.community, self.bill, self.pick = its, community, bill, random.Random(seed)
        cards = (FIRST, SECOND, THIRD)
        self.holders = [with_wallet(its, community, f"12{at:02}", card, 20_000) for at, card in enumerate(cards, 1)]
        for one in self.holders:
            one.prove()
            one.card.balance = 100_000_00
        self.done: set[str] = set()

    def deeds(self) -> list[Callable[[Holder], str]]:
        return [self.top_up, self.withdraw, self.transfer, self.pay, self.packet, self.take, self.confirm]

    def _said(self, answer: object) -> str:
        body = getattr(answer, "body", None) or {}
        return str(body.get("state") or body.get("code") or "")

    def _by_card(self, who: Holder, path: str) -> str:
        amount = self.pick.choice([1, 700, 5_000, 12_000])
        with scope.platform():
            card = str(self.cards[who.person.pk])
        return self._said(who.door.post(path, {"amount": amount, "card": card, "password": PASSWORD}))

    @property
    def cards(self) -> dict[object, object]:
        return dict(Card.objects.values_list("person", "pk"))

    def top_up(self, who: Holder) -> str:
        return self._by_card(who, "/wallet/top-up")

    def withdraw(self, who: Holder) -> str:
        return self._by_card(who, "/wallet/withdraw")

    def transfer(self, who: Holder) -> str:
        to = self.pick.choice([one for one in self.holders if one is not who])
        body = {"amount": self.pick.choice([1, 900, 11_000]), "phone": to.phone, "password": PASSWORD}
        return self._said(who.door.post("/wallet/transfer", body))

    def pay(self, who: Holder) -> str:
        try:
            with scope.person(who.person.pk):
                made = self.bill.begin(who.person, self.community, Through.WALLET, self.pick.choice([500, 15_000]))
        except Exception as error:  # noqa: BLE001  out, or too many orders
            return type(error).__name__
        with scope.platform():
            card = {"card": str(self.cards[who.person.pk])} if self.pick.random() < 0.5 else {}
        return self._said(who.door.post("/wallet/pay", {"payment": str(made.pk), "password": PASSWORD, **card}))

    def packet(self, who: Holder) -> str:
        return self._said(lay_out(who, self.community, self.pick.choice([3, 2_000]), self.pick.choice([1, 2, 3])))

    def take(self, who: Holder) -> str:
        with scope.platform():
            names = list(Packet.objects.values_list("pk", flat=True))
        return self._said(who.door.post(f"/packets/{self.pick.choice(names)}/take")) if names else ""

    def confirm(self, who: Holder) -> str:
        with scope.platform():
            waiting = list(Movement.objects.filter(person=who.person.pk, state=MovementState.CODE))
        if not waiting:
            return ""
        one = self.pick.choice(waiting)
        code = self.its.codes.get(one.token, "") if self.pick.random() < 0.8 else "000000"
        return self._said(who.door.post(f"/wallet/movements/{one.pk}/confirm", {"code": code}))

    def step(self) -> None:
        caches["process"].clear()  # nobody is that fast
        faults = self.its.faults
        faults.lose, faults.spare, faults.out = 0, 0, False
        chance = self.pick.random()
        if chance < 0.2:
            faults.lose, faults.spare = 1, self.pick.randrange(3)
        elif chance < 0.25:
            faults.out = True
        do = self.pick.choice(self.deeds())
        self.done.add(f"{do.__name__} {do(self.pick.choice(self.holders))}")
        assert ledger.problems() == []

    def rest(self) -> None:
        """The institution behaves again, and time passes."""
        self.its.faults.lose, self.its.faults.spare, self.its.faults.out = 0, 0, False
        for _ in range(2):
            with scope.platform():
                Movement.objects.filter(state__in=Movement.OPEN).update(at=timezone.now() - timedelta(minutes=11))
                Payment.objects.update(until=timezone.now() - timedelta(minutes=1), asked_at=None)
            payment_tasks.pursue(0)
            wallet_tasks.pursue(0)
            over()


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_the_books_and_the_institution_say_the_same(
    custodian: LianLian, community: Community, bill: Bill, seed: int
) -> None:
    Rule.objects.all().delete()
    world = World(custodian, community, bill, seed)
    for _ in range(STEPS):
        world.step()
    world.rest()
    with scope.platform():
        assert not Movement.objects.filter(state__in=Movement.OPEN).exists()
        paid = Payment.objects.filter(state=PaymentState.PAID)
        assert ledger.balance(bill.account).posted == sum(one.amount for one in paid) == custodian.balance("MCHOWN")
        kinds = set(Movement.objects.filter(state=MovementState.DONE).values_list("kind", flat=True))
    assert all(ledger.balance(books.wallet(one.person.pk)).held == 0 for one in world.holders)
    assert kinds >= {MovementKind.TOP_UP, MovementKind.TRANSFER, MovementKind.PAY, MovementKind.PACKET}
    assert any("asked" in one for one in world.done)
    agrees(custodian, *world.holders)
