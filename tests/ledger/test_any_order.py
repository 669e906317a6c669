"""Whatever is asked of the books in whatever order: nothing is lost, nothing made, nothing overdrawn, nothing written anew."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from anju.ledger import actions, queries
from anju.ledger.models import Rule, Transfer
from anju.privacy import scope
from anju.privacy.refusals import Refused

AMOUNTS = st.integers(1, 200)
WISHES = st.integers(0, 400)
"""Few enough that some are said twice."""


@dataclass
class Kept:
    """A reservation as the model knows it."""

    debit: UUID
    credit: UUID
    amount: int
    decided: str = ""


@dataclass
class Model:
    """What the books should say."""

    posted: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    said: dict[str, tuple[object, ...]] = field(default_factory=dict)
    kept: dict[UUID, Kept] = field(default_factory=dict)


class Books(RuleBasedStateMachine):
    """Five purses, a divided till and the bank."""

    reservations = Bundle("reservations")
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.model = Model()
        self.bank = actions.open_account("bank", Rule.DEBIT, thing=uuid4(), slots=4)
        self.till = actions.open_account("income", Rule.CREDIT, thing=uuid4(), slots=4)
        self.purses = [actions.open_account("wallet", Rule.CREDIT, holder=uuid4()) for _ in range(5)]
        self.all = [self.bank, self.till, *self.purses]
        self.rules = {self.bank: Rule.DEBIT}
        self.seen: dict[UUID, tuple[object, ...]] = {}

    def teardown(self) -> None:
        assert queries.problems() == []
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def _ask(self, do: object, *asked: object, **more: object) -> Transfer | str:
        """Carry it out as an action does, in a transaction of its own. Returns the row, or why not."""
        try:
            with transaction.atomic():
                return do(*asked, **more)  # type: ignore[operator,no-any-return]
        except (Refused, actions.WrongBooking) as no:
            return getattr(no, "code", "wrong")

    def _bears(self, debit: UUID, credit: UUID, amount: int) -> bool:
        """Whether both sides may be moved by so much."""
        model = self.model
        enough = debit == self.bank or model.posted[debit] - model.held[debit] >= amount
        lies = credit != self.bank or -model.posted[credit] - model.held[credit] >= amount
        return enough and lies

    def _hold(self, debit: UUID, credit: UUID, amount: int) -> None:
        if debit != self.bank:
            self.model.held[debit] += amount
        if credit == self.bank:
            self.model.held[credit] += amount

    @initialize(amount=st.integers(100, 2000))
    def somebody_pays_in(self, amount: int) -> None:
        for purse in self.purses:
            assert isinstance(self._ask(actions.move, str(uuid4()), self.bank, purse, amount, "top_up"), Transfer)
            self.model.posted[self.bank] -= amount
            self.model.posted[purse] += amount

    @rule(wish=WISHES, debit=st.integers(0, 6), credit=st.integers(0, 6), amount=AMOUNTS)
    def move(self, wish: int, debit: int, credit: int, amount: int) -> None:
        here, there = self.all[debit], self.all[credit]
        if here == there:
            return
        wanted = ("move", here, there, amount)
        known = self.model.said.get(f"m{wish}")
        bears = self._bears(here, there, amount)
        done = self._ask(actions.move, f"m{wish}", here, there, amount, "transfer")
        if known is not None:
            assert (done == "wrong") if known != wanted else isinstance(done, Transfer)
        elif not bears:
            assert done == "not_enough_money"
        else:
            assert isinstance(done, Transfer)
            self.model.said[f"m{wish}"] = wanted
            self.model.posted[here] -= amount
            self.model.posted[there] += amount

    @rule(target=reservations, debit=st.integers(0, 6), credit=st.integers(0, 6), amount=AMOUNTS, past=st.booleans())
    def reserve(self, debit: int, credit: int, amount: int, past: bool) -> UUID | None:
        here, there = self.all[debit], self.all[credit]
        if here == there:
            return None
        bears = self._bears(here, there, amount)
        end = timezone.now() + timedelta(seconds=-1 if past else 3600)
        done = self._ask(actions.reserve, str(uuid4()), here, there, amount, "payment", expires_at=end)
        assert isinstance(done, Transfer) == bears, done
        if not isinstance(done, Transfer):
            return None
        self._hold(here, there, amount)
        self.model.kept[done.pk] = Kept(here, there, amount, "" if not past else "past")
        return done.pk

    @rule(which=consumes(reservations), how=st.sampled_from(["post", "part", "void", "expire", "twice"]), part=AMOUNTS)
    def decide(self, which: UUID | None, how: str, part: int) -> None:
        if which is None:
            return None
        kept = self.model.kept[which]
        past, amount = kept.decided == "past", kept.amount
        if how in ("post", "twice", "part"):
            amount = min(part, amount) if how == "part" else amount
            done = self._ask(actions.post, f"p{which}", which, amount if how == "part" else None)
            if past:
                assert done == "expired"
                return self.decide_by(which, "expire")
            assert isinstance(done, Transfer), done
            self._hold(kept.debit, kept.credit, -kept.amount)
            self.model.posted[kept.debit] -= amount
            self.model.posted[kept.credit] += amount
            if how == "twice":
                assert isinstance(self._ask(actions.post, f"p{which}", which), Transfer)
                assert self._ask(actions.void, f"v{which}", which) == "decided"
            return None
        if how == "expire" and not past:
            assert self._ask(actions.expire, f"e{which}", which) == "expired"
            how = "void"
        return self.decide_by(which, how)

    def decide_by(self, which: UUID, how: str) -> None:
        kept = self.model.kept[which]
        done = self._ask(actions.expire if how == "expire" else actions.void, f"x{which}", which)
        assert isinstance(done, Transfer), done
        self._hold(kept.debit, kept.credit, -kept.amount)

    @invariant()
    def one_more_step(self) -> None:
        Books.steps += 1

    @invariant()
    def the_books_say_what_they_should(self) -> None:
        for account in self.all:
            amount = queries.balance(account)
            assert (amount.posted, amount.held) == (self.model.posted[account], self.model.held[account])
        assert sum(self.model.posted.values()) == 0

    @invariant()
    def history_stays(self) -> None:
        """Every row that was ever there is there as it was."""
        with scope.platform(), connection.cursor() as cursor:
            cursor.execute(
                "select id, amount, debit_after, credit_after, at from ledger_transfer order by at desc limit 20"
            )
            for name, *facts in cursor.fetchall():
                assert self.seen.setdefault(name, tuple(facts)) == tuple(facts)


@pytest.mark.django_db
def test_the_books_hold_through_ten_thousand_steps_in_any_order() -> None:
    steps = settings(
        max_examples=120,
        stateful_step_count=100,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    Books.TestCase.settings = steps
    Books.TestCase("runTest").runTest()
    assert Books.steps >= 10_000
