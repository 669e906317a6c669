"""Money moves between accounts, is reserved, posted and freed, and the books add up."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from anju.ledger import actions, queries, tasks
from anju.ledger.models import Rule
from anju.privacy import scope
from anju.privacy.refusals import Refused

pytestmark = pytest.mark.django_db


def wallet(fen: int = 0) -> UUID:
    """A purse that cannot be overdrawn, with so much on it."""
    made = actions.open_account("wallet", Rule.CREDIT, holder=uuid4())
    if fen:
        actions.move(f"in:{made}", bank(), made, fen, "top_up")
    return made


def bank() -> UUID:
    """Where the money lies that we owe to others; divided, since everybody pays in."""
    return actions.open_account("bank", Rule.DEBIT, slots=8)


def key() -> str:
    return str(uuid4())


def test_money_moves_once_for_each_wish() -> None:
    mine, theirs, wish = wallet(100), wallet(), key()
    first = actions.move(wish, mine, theirs, 30, "transfer")
    again = actions.move(wish, mine, theirs, 30, "transfer")
    assert first == again and first.amount == 30
    assert queries.balance(mine).posted == 70 and queries.balance(theirs).posted == 30
    assert queries.problems() == []


def test_a_key_that_was_used_for_something_else_is_an_error_of_ours() -> None:
    mine, theirs, wish = wallet(100), wallet(), key()
    actions.move(wish, mine, theirs, 30, "transfer")
    with pytest.raises(actions.WrongBooking), transaction.atomic():
        actions.move(wish, mine, theirs, 31, "transfer")


@pytest.mark.parametrize("amount", [0, -5, 10**13 + 1])
def test_only_amounts_that_make_sense_move(amount: int) -> None:
    with pytest.raises(actions.WrongBooking), transaction.atomic():
        actions.move(key(), bank(), wallet(), amount, "top_up")


def test_nobody_spends_more_than_they_have() -> None:
    mine, theirs = wallet(100), wallet()
    with pytest.raises(Refused, match="not_enough_money"), transaction.atomic():
        actions.move(key(), mine, theirs, 101, "transfer")
    assert (queries.balance(mine).posted, queries.balance(theirs).posted) == (100, 0)


def test_what_is_reserved_cannot_be_spent_until_it_is_free_again() -> None:
    mine, theirs = wallet(100), wallet()
    kept = actions.reserve(key(), mine, theirs, 80, "payment")
    assert queries.balance(mine) == queries.Amount(100, 80)
    with pytest.raises(Refused, match="not_enough_money"), transaction.atomic():
        actions.move(key(), mine, theirs, 21, "transfer")
    actions.void(key(), kept.pk)
    actions.move(key(), mine, theirs, 100, "transfer")
    assert queries.problems() == []


def test_a_part_of_what_was_reserved_is_posted_and_the_rest_is_free() -> None:
    mine, theirs = wallet(100), wallet()
    kept = actions.reserve(key(), mine, theirs, 80, "payment")
    actions.post(key(), kept.pk, 50)
    assert queries.balance(mine) == queries.Amount(50, 0)
    assert queries.balance(theirs).posted == 50


def test_a_reservation_is_decided_once() -> None:
    mine, theirs, wish = wallet(100), wallet(), key()
    kept = actions.reserve(key(), mine, theirs, 80, "payment")
    first = actions.post(wish, kept.pk)
    assert actions.post(wish, kept.pk) == first
    for decide in (actions.post, actions.void):
        with pytest.raises(Refused, match="decided"), transaction.atomic():
            decide(key(), kept.pk)
    assert queries.balance(mine) == queries.Amount(20, 0)


def test_no_more_is_posted_than_was_reserved() -> None:
    kept = actions.reserve(key(), wallet(100), wallet(), 80, "payment")
    with pytest.raises(actions.WrongBooking), transaction.atomic():
        actions.post(key(), kept.pk, 81)


def test_a_reservation_past_its_time_can_only_be_freed_and_one_before_it_cannot_expire() -> None:
    mine, theirs = wallet(100), wallet()
    past, later = timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(hours=1)
    old = actions.reserve(key(), mine, theirs, 40, "packet", expires_at=past)
    fresh = actions.reserve(key(), mine, theirs, 40, "packet", expires_at=later)
    with pytest.raises(Refused, match="expired"), transaction.atomic():
        actions.post(key(), old.pk)
    with pytest.raises(Refused, match="expired"), transaction.atomic():
        actions.expire(key(), fresh.pk)
    actions.expire(key(), old.pk)
    assert queries.balance(mine) == queries.Amount(100, 40)


def test_a_divided_account_pays_out_all_that_it_took_in() -> None:
    shop, mine = actions.open_account("income", Rule.CREDIT, thing=uuid4(), slots=16), wallet(1000)
    for _ in range(40):
        actions.move(key(), mine, shop, 25, "payment")
    actions.move(key(), shop, mine, 1000, "refund")
    with pytest.raises(Refused, match="not_enough_money"), transaction.atomic():
        actions.move(key(), shop, mine, 1, "refund")
    assert (queries.balance(shop).posted, queries.balance(mine).posted) == (0, 1000)
    assert queries.problems() == []
    with scope.platform():
        assert queries.statement(shop).count() == 41  # what it moves between its own slots is no business of anybody's


def test_no_more_leaves_the_bank_than_lies_there() -> None:
    mine = wallet(100)
    shop = actions.open_account("income", Rule.FREE, thing=uuid4())
    with pytest.raises(Refused, match="not_enough_money"), transaction.atomic():
        actions.move(key(), shop, bank(), 101, "settlement")
    actions.move(key(), mine, bank(), 100, "withdrawal")
    assert queries.balance(bank()).posted == 0


def test_what_lay_there_at_any_time_can_be_read() -> None:
    mine, theirs = wallet(100), wallet()
    moved = [actions.move(key(), mine, theirs, 10, "transfer") for _ in range(5)]
    for number, one in enumerate(moved, 1):
        assert queries.balance_at(mine, one.at) == 100 - 10 * number
        assert queries.balance_at(theirs, one.at - timedelta(microseconds=1)) == 10 * (number - 1)
    assert queries.balance_at(mine, moved[0].at - timedelta(days=1)) == 0
    assert queries.balance_at(bank(), timezone.now()) == queries.balance(bank()).posted


def test_an_account_is_opened_once_and_closed_when_nothing_lies_on_it() -> None:
    who = uuid4()
    mine = actions.open_account("wallet", Rule.CREDIT, holder=who)
    assert actions.open_account("wallet", Rule.CREDIT, holder=who) == mine
    actions.move(key(), bank(), mine, 5, "top_up")
    with pytest.raises(Refused, match="account_not_empty"), transaction.atomic():
        actions.close_account(mine)
    actions.move(key(), mine, bank(), 5, "withdrawal")
    actions.close_account(mine)
    with pytest.raises(actions.WrongBooking), transaction.atomic():
        actions.move(key(), bank(), mine, 5, "top_up")


def test_the_trial_balance_comes_to_nothing() -> None:
    wallet(100)
    lines = queries.trial_balance()
    assert {one.kind for one in lines} == {"bank", "wallet"}
    assert sum(one.posted for one in lines) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_transfer set amount = 1",
        "delete from ledger_transfer",
        "truncate ledger_transfer",
        "update ledger_balance set posted = posted + 1",
        "delete from ledger_balance",
        "update ledger_account set rule = 'free'",
        "delete from ledger_account",
        "insert into ledger_balance (account_id, slot, rule, posted, held, moves) select account_id, 9, 'free', 1, 0, 0 from ledger_balance",
        "select ledger_write(gen_random_uuid(), 'x', 'move', a.id, 0::smallint, a.id, 1::smallint, 5, 'x', null, null, 0, 0) from ledger_account a",
        "alter table ledger_transfer disable trigger all",
        "set session_replication_role = replica",
        "drop function ledger_move",
    ],
)
def test_the_platforms_role_cannot_write_the_books_but_through_their_functions(statement: str) -> None:
    wallet(100)
    refusal = r"permission denied|must be owner"
    with (
        scope.platform(),
        pytest.raises(DatabaseError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert queries.problems() == []


def test_the_night_check_says_that_the_books_add_up() -> None:
    mine = wallet(100)
    actions.move(key(), mine, wallet(), 30, "transfer")
    found = tasks.look_over()
    assert (found.problems, found.transfers, found.accounts) == ([], 2, 3)


def test_what_was_reserved_for_a_time_is_freed_when_it_has_passed() -> None:
    mine, theirs = wallet(100), wallet()
    actions.reserve(key(), mine, theirs, 40, "packet", expires_at=timezone.now() - timedelta(seconds=1))
    actions.reserve(key(), mine, theirs, 50, "packet", expires_at=timezone.now() + timedelta(hours=1))
    tasks.expire(0)
    assert queries.balance(mine) == queries.Amount(100, 50)


def test_without_a_scope_nobody_sees_what_lies_where() -> None:
    mine = wallet(100)
    with connection.cursor() as cursor:
        for table in ("ledger_account", "ledger_balance", "ledger_transfer"):
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchall() == [(0,)], table
    assert queries.balance(mine).posted == 100
