"""Opening accounts, moving money, reserving it. Everything here joins the transaction it is called in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection
from django.utils.translation import gettext as _

from anju.ledger.models import Phase, Rule, Transfer
from anju.privacy import scope
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused


class WrongBooking(RuntimeError):
    """The platform itself asked for what the books forbid: an error in our code, which no person can mend."""


def open_account(
    kind: str,
    rule: Rule,
    *,
    community: UUID | None = None,
    holder: UUID | None = None,
    thing: UUID | None = None,
    slots: int = 1,
) -> UUID:
    """The account of this kind for this holder, community and thing; opened if there is none. Returns its id."""
    rows = _call(
        "select ledger_open(%s, %s, %s, %s, %s, %s, %s)", new_id(), kind, rule, community, holder, thing, slots
    )
    return UUID(str(rows[0][0]))


def close_account(account: UUID) -> None:
    """Nothing can be moved to or from it any more. Raises Refused while anything lies on it."""
    _call("select ledger_close(%s)", account)


def move(key: str, debit: UUID, credit: UUID, amount: int, kind: str, *, thing: UUID | None = None) -> Transfer:
    """Move an amount of fen, once for each key. Raises Refused when there is not enough."""
    _require_amount(amount)
    return _transfer(
        "select * from ledger_move(%s, %s, %s, %s, %s, %s, %s)", new_id(), key, debit, credit, amount, kind, thing
    )


def reserve(
    key: str,
    debit: UUID,
    credit: UUID,
    amount: int,
    kind: str,
    *,
    thing: UUID | None = None,
    expires_at: datetime | None = None,
) -> Transfer:
    """Keep an amount for a later `post`, so that nothing else spends it. Raises Refused when there is not enough."""
    _require_amount(amount)
    asked = (new_id(), key, debit, credit, amount, kind, thing, expires_at)
    return _transfer("select * from ledger_reserve(%s, %s, %s, %s, %s, %s, %s, %s)", *asked)


def reserved(key: str) -> UUID:
    """The reservation that this key made."""
    with scope.platform():
        return Transfer.objects.get(key=key, phase=Phase.RESERVE).pk


def post(key: str, reserved: UUID, amount: int | None = None) -> Transfer:
    """Carry out what was reserved, or a part of it; the rest is free again. Raises Refused when it has been decided otherwise or has expired."""
    return _decide(key, reserved, Phase.POST, amount)


def void(key: str, reserved: UUID) -> Transfer:
    """Free what was reserved. Raises Refused when it has been decided otherwise."""
    return _decide(key, reserved, Phase.VOID, None)


def expire(key: str, reserved: UUID) -> Transfer:
    """Free what was reserved for a time that has passed. Raises Refused before that, or when it has been decided."""
    return _decide(key, reserved, Phase.EXPIRE, None)


def _require_amount(amount: int) -> None:
    if amount <= 0:
        raise WrongBooking("amount")


def _decide(key: str, reserved: UUID, phase: Phase, amount: int | None) -> Transfer:
    return _transfer("select * from ledger_decide(%s, %s, %s, %s, %s)", new_id(), key, reserved, phase, amount)


def _transfer(statement: str, *asked: Any) -> Transfer:  # Any: as below
    fields = Transfer._meta.concrete_fields
    [row] = _call(statement.replace("*", ", ".join(field.column or "" for field in fields), 1), *asked)
    return Transfer(**dict(zip((field.attname for field in fields), row, strict=True)))


def _call(statement: str, *asked: Any) -> list[tuple[object, ...]]:  # Any: what PostgreSQL takes
    """Raises Refused or WrongBooking for what the books forbid."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, asked)
            return list(cursor.fetchall())
    except DatabaseError as error:
        said = _said(error)
        if said is None:
            raise
        raise said from error


def _said(error: DatabaseError) -> Exception | None:
    """What an error of the books' means; None: it is not theirs."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None)
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    if constraint == "never_overdrawn":
        return Refused("not_enough_money", _("余额不足。"), status=409)
    if code == "23505" and constraint != "decided_once":
        return Refused("being_done", _("正在处理，请稍候再试。"), status=409)  # the same wish, at the same moment
    if code == "AJ005" or constraint == "decided_once":
        return Refused("decided", _("这笔款项已经处理过了，请刷新页面。"), status=409)
    if code == "AJ006":
        return Refused("expired", _("已过有效期，款项会退回。"), status=409)
    if code == "AJ007":
        return Refused("account_not_empty", _("账户里还有余额或处理中的款项，请先提现或等待完成。"), status=409)
    if isinstance(error, IntegrityError) or str(code).startswith("AJ"):
        return WrongBooking(constraint or code)
    return None
