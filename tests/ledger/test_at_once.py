"""Many clients move money at the same moment, on connections of their own, and some of them die."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from anju.site import postgres
from tests.services import TEMPLATE

DATABASE = "test_ledger"
CLIENTS = 8
EACH = 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A migrated database whose rows are committed; the address of the platform's role."""
    name = f"{DATABASE}_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as made:
        made.execute(f'create database "{name}" template {TEMPLATE} owner {postgres.OWNER}')
        yield postgres.url(postgres.APP, name)
        made.execute(f'drop database "{name}" with (force)')


Connection = psycopg.Connection[tuple[object, ...]]


def opened(books: Connection, kind: str, rule: str, slots: int = 1) -> UUID:
    row = books.execute("select ledger_open(%s, %s, %s, null, %s, null, %s)", [uuid4(), kind, rule, uuid4(), slots])
    return UUID(str(row.fetchall()[0][0]))


def moved(books: Connection, debit: UUID, credit: UUID, amount: int, key: str = "") -> None:
    books.execute(
        "select ledger_move(%s, %s, %s, %s, %s, 'transfer', null)",
        [uuid4(), key or str(uuid4()), debit, credit, amount],
    )


def lies(url: str, account: UUID) -> int:
    with psycopg.connect(url) as books:
        books.execute("set anju.communities = '*'")
        [[found]] = books.execute("select sum(posted) from ledger_balance where account_id = %s", [account]).fetchall()
    return int(str(found))


def problems(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as books:
        return books.execute("select * from ledger_problems()").fetchall()


def test_transfers_to_and_fro_neither_wait_for_each_other_nor_lose_a_fen(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, till = opened(books, "bank", "debit", 8), opened(books, "income", "credit", 8)
        purses = [opened(books, "wallet", "credit") for _ in range(4)]
        for one in purses:
            moved(books, bank, one, 10_000)
    refused = 0

    def client(number: int) -> None:
        nonlocal refused
        pick = random.Random(number)
        with psycopg.connect(url, autocommit=True) as books:
            for _ in range(EACH):
                debit, credit = pick.sample([bank, till, *purses], 2)
                try:
                    moved(books, debit, credit, pick.randint(1, 900))
                except psycopg.errors.CheckViolation:
                    refused += 1

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    assert refused < CLIENTS * EACH
    assert sum(lies(url, one) for one in [bank, till, *purses]) == 0
    assert problems(url) == []


def test_the_last_fen_is_spent_once(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, mine, shop = (
            opened(books, "bank", "debit"),
            opened(books, "wallet", "credit"),
            opened(books, "income", "credit"),
        )
        moved(books, bank, mine, 100)
    start, spent = threading.Barrier(CLIENTS), []

    def client(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as books:
            start.wait()
            try:
                moved(books, mine, shop, 100)
                spent.append(number)
            except psycopg.errors.CheckViolation:
                pass

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    assert len(spent) == 1
    assert (lies(url, mine), lies(url, shop)) == (0, 100)


def test_the_same_wish_from_many_at_once_moves_once(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, mine = opened(books, "bank", "debit"), opened(books, "wallet", "credit")
    start, wish = threading.Barrier(CLIENTS), str(uuid4())

    def client(_: int) -> None:
        with psycopg.connect(url, autocommit=True) as books:
            start.wait()
            for _again in range(3):
                with suppress(psycopg.errors.UniqueViolation):
                    moved(books, bank, mine, 100, wish)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    assert lies(url, mine) == 100
    assert problems(url) == []


def test_a_client_that_dies_half_way_leaves_nothing_behind(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, mine = opened(books, "bank", "debit"), opened(books, "wallet", "credit")
        moved(books, bank, mine, 100)
    dying = psycopg.connect(url)
    moved(dying, mine, bank, 100)
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as killer:
        killer.execute("select pg_terminate_backend(%s)", [dying.info.backend_pid])
    assert lies(url, mine) == 100
    with psycopg.connect(url, autocommit=True) as books:
        moved(books, mine, bank, 100)
    assert problems(url) == []


@pytest.mark.parametrize(
    ("crime", "said"),
    [
        (
            "update ledger_balance set posted = posted + 5 where account_id = %s",
            "has 105 in 1 moves, the journal says 100",
        ),
        ("update ledger_balance set held = 7 where account_id = %s", "7 is held, open reservations come to 0"),
        ("update ledger_transfer set amount = 90 where credit_id = %s", "says 100 after 0 and 90"),
        ("delete from ledger_transfer where credit_id = %s", "the journal says 0 in 0"),
    ],
)
def test_whoever_forges_the_books_with_every_right_is_found_out(url: str, crime: LiteralString, said: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        mine = opened(books, "wallet", "credit")
        moved(books, opened(books, "bank", "debit"), mine, 100)
    database = urlsplit(url).path[1:]
    with psycopg.connect(postgres.url("postgres", database)) as forger:
        forger.execute("set session_replication_role = replica")  # no trigger stands in their way
        forger.execute(crime, [mine])
        assert any(said in str(line) for [line] in forger.execute("select * from ledger_problems()").fetchall())
        forger.rollback()


def test_tables_of_ones_own_by_the_same_names_are_passed_over(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, mine = opened(books, "bank", "debit"), opened(books, "wallet", "credit")
        books.execute("create temp table ledger_transfer (like ledger_transfer)")
        books.execute("grant all on pg_temp.ledger_transfer to public")
        moved(books, bank, mine, 100)
        assert books.execute("select from pg_temp.ledger_transfer").fetchall() == []
    assert problems(url) == []


def test_nothing_comes_to_lie_on_an_account_that_is_being_closed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as books:
        bank, mine = opened(books, "bank", "debit"), opened(books, "wallet", "credit")
    raised: list[psycopg.Error] = []

    def pay_in() -> None:
        with psycopg.connect(url, autocommit=True) as books:
            try:
                moved(books, bank, mine, 5)
            except psycopg.Error as error:
                raised.append(error)

    late = threading.Thread(target=pay_in)
    with psycopg.connect(url) as books:
        books.execute("select ledger_close(%s)", [mine])
        late.start()
        late.join(0.4)  # it waits for us
    late.join(20)
    assert [one.sqlstate for one in raised] == ["AJ002"]
    assert lies(url, mine) == 0
