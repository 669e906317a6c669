"""Whoever holds the database changes proofs; the chain must show it, every time."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction

from anju.privacy import chain
from anju.privacy.models import AuditLink

TABLES = {"audit": "privacy_auditentry", "consent": "privacy_consent", "sharing": "privacy_sharing"}
_COLUMN = {"audit": "reason", "consent": "purpose", "sharing": "recipient"}


class _Undo(Exception):
    """Nothing of a trial stays."""


@contextmanager
def as_superuser(address: dict[str, object]) -> Iterator[None]:
    """Django speaks to the database with every right, triggers or not."""
    plain = connections["default"]
    connections.databases["superuser"] = {**connections.databases["default"], **address}
    connections["default"] = connections.create_connection("superuser")
    connections["default"].alias = "default"
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = plain
        del connections.databases["superuser"]


def _sql(statement: str, *values: Any) -> None:  # Any: whatever PostgreSQL takes
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _edit(source: random.Random, links: list[AuditLink]) -> None:
    link = source.choice(links)
    _sql(f"update {TABLES[link.kind]} set {_COLUMN[link.kind]} = 'x' where id = %s", link.row)  # noqa: S608  names of ours


def _backdate(source: random.Random, links: list[AuditLink]) -> None:
    link = source.choice(links)
    _sql(f"update {TABLES[link.kind]} set at = at - interval '1 day' where id = %s", link.row)  # noqa: S608


def _delete(source: random.Random, links: list[AuditLink]) -> None:
    link = source.choice(links)
    _sql(f"delete from {TABLES[link.kind]} where id = %s", link.row)  # noqa: S608


def _delete_with_its_link(source: random.Random, links: list[AuditLink]) -> None:
    link = source.choice(links)
    _sql(f"delete from {TABLES[link.kind]} where id = %s", link.row)  # noqa: S608
    _sql("delete from privacy_auditlink where number = %s", link.number)


def _reorder(source: random.Random, links: list[AuditLink]) -> None:
    one, other = source.sample(links, 2)
    _sql("update privacy_auditlink set number = -1 where number = %s", one.number)
    _sql("update privacy_auditlink set number = %s where number = %s", one.number, other.number)
    _sql("update privacy_auditlink set number = %s where number = -1", other.number)


def _truncate(source: random.Random, links: list[AuditLink]) -> None:
    kept = source.randrange(len(links))
    for kind, table in TABLES.items():
        rows = [link.row for link in links[kept:] if link.kind == kind]
        _sql(f"delete from {table} where id = any(%s)", rows)  # noqa: S608
    _sql("delete from privacy_auditlink where number >= %s", links[kept].number)


def _truncate_and_seal_again(source: random.Random, links: list[AuditLink]) -> None:
    """A whole new chain, in itself without fault, by somebody who has our code."""
    _edit(source, links)
    _sql("delete from privacy_auditlink")
    noted = chain.HEADS
    chain.HEADS = noted.with_name("forger.jsonl")
    try:
        chain.seal()
    finally:
        chain.HEADS.unlink(missing_ok=True)
        chain.HEADS = noted


TRICKS: tuple[Callable[[random.Random, list[AuditLink]], None], ...] = (
    _edit, _backdate, _delete, _delete_with_its_link, _reorder, _truncate, _truncate_and_seal_again,
)  # fmt: skip


def run(trials: int, seed: int = 1) -> tuple[int, list[str]]:
    """Try so many tricks, each undone afterwards. Returns how many were noticed, and the names of those that were not."""
    source = random.Random(seed)  # noqa: S311  repeatable, not secret
    heads = chain.known_heads()
    links = list(AuditLink.objects.order_by("number"))
    noticed, missed = 0, []
    for number in range(trials):
        trick = TRICKS[number % len(TRICKS)]
        try:
            with transaction.atomic():
                _sql("set local session_replication_role = replica")
                trick(source, links)
                faults = chain.verify(heads)[1]
                raise _Undo
        except _Undo:
            if faults:
                noticed += 1
            else:
                missed.append(trick.__name__)
    return noticed, missed
