"""The books: accounts, what lies on them, and every movement there ever was.

The platform's role reads these tables and writes none of them: only the functions in functions.sql do, which keep every rule,
and the tables' own triggers and constraints keep them against the owner as well.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q, functions
from django.utils.translation import gettext_lazy as _

from anju.homes.models import Community
from anju.privacy.declarations import Declares, Erase, NotPersonal
from anju.privacy.isolation import Isolation
from anju.privacy.models import APPEND_ONLY, new_id

BOOKS = "the books, which the law has us keep: opaque ids and amounts in fen"
_STAYS = [pgtrigger.Protect(name="stays", operation=pgtrigger.Delete)]


class Rule(models.TextChoices):
    """What an account may not do. Amounts count credits less debits."""

    CREDIT = "credit", _("不得透支")
    """What we owe somebody: never below zero, and what is reserved cannot be spent."""
    DEBIT = "debit", _("不得贷记超额")
    """What is owed to us or lies somewhere for us: never above zero."""
    FREE = "free", _("不限")


class Phase(models.TextChoices):
    """What a row of the journal does."""

    MOVE = "move", _("转账")
    RESERVE = "reserve", _("冻结")
    POST = "post", _("入账")
    VOID = "void", _("解冻")
    EXPIRE = "expire", _("到期解冻")


class Account(models.Model):
    """Something that money lies on. kind: the room above says which there are. holder: whose it is, a person's id.

    thing: what else it belongs to, such as a red packet's or a home's id. slots: into how many rows the balance is divided, so
    that many may pay in at once; only one is taken out of at a time.
    """

    privacy = Declares(subject="holder", erase=Erase.KEEP, rest=NotPersonal(BOOKS))
    isolation = Isolation(person="holder")
    by_functions = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("科目"), max_length=20)
    rule = models.CharField(_("约束"), max_length=6, choices=Rule)
    community = models.ForeignKey(Community, on_delete=models.PROTECT, null=True, verbose_name=_("小区"))
    holder = models.UUIDField(_("户主"), null=True)
    thing = models.UUIDField(null=True)
    slots = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField(_("开立时间"), db_default=functions.Now())
    closed_at = models.DateTimeField(_("销户时间"), null=True)

    class Meta:
        verbose_name = _("账户")
        verbose_name_plural = _("账户")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "holder", "community", "thing"], nulls_distinct=False, name="one_account_a_place"
            ),
            models.CheckConstraint(condition=Q(slots__gte=1, slots__lte=64), name="account_slots"),
        ]
        triggers = _STAYS

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Balance(models.Model):
    """What lies on one slot of an account. posted: credits less debits. held: reserved and not yet decided. moves: how many have changed `posted`."""

    privacy = Declares(rest=NotPersonal(BOOKS))
    isolation = Isolation(community=None)
    by_functions = True

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balances")
    slot = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=6, choices=Rule)
    posted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    moves = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("余额")
        verbose_name_plural = _("余额")
        constraints = [
            models.UniqueConstraint(fields=["account", "slot"], name="one_balance_a_slot"),
            models.CheckConstraint(
                condition=Q(held__gte=0)
                & (Q(rule="free") | Q(rule="credit", posted__gte=F("held")) | Q(rule="debit", posted__lte=-F("held"))),
                name="never_overdrawn",
            ),
        ]
        triggers = _STAYS


class Transfer(models.Model):
    """One row of the journal: an amount from one account to another. One row holds both sides, so it cannot be out of balance.

    key: names the wish; said again, it gets the same row and moves nothing. kind: why, as the room above names it. thing: the
    row of the room above that it is for. pending: the reservation that this row decides.
    A row that moves money also holds, for each side, how many moves its slot has seen and what lay on it afterwards.
    at: taken while both slots are locked, so that it rises with the moves of each.
    """

    privacy = Declares(rest=NotPersonal(BOOKS))
    isolation = Isolation(community=None)
    by_functions = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=100, unique=True)
    phase = models.CharField(_("类型"), max_length=7, choices=Phase)
    # Without the database's own foreign keys: each would lock the account's row, and all who pay one merchant would queue for it.
    # The functions find both accounts before they write, and accounts are never deleted.
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    debit_slot = models.PositiveSmallIntegerField()
    credit_slot = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(_("金额（分）"))
    kind = models.CharField(_("事由"), max_length=20)
    thing = models.UUIDField(null=True)
    pending = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    expires_at = models.DateTimeField(null=True)
    at = models.DateTimeField(_("时间"))
    debit_number = models.PositiveBigIntegerField(null=True)
    debit_after = models.BigIntegerField(null=True)
    credit_number = models.PositiveBigIntegerField(null=True)
    credit_after = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("分录")
        verbose_name_plural = _("分录")
        indexes = [
            models.Index(fields=["debit", "at"], name="transfer_debit_at"),
            models.Index(fields=["credit", "at"], name="transfer_credit_at"),
            models.Index(
                fields=["expires_at"],
                condition=Q(phase="reserve", expires_at__isnull=False),
                name="transfer_expiring",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["pending"], condition=Q(pending__isnull=False), name="decided_once"),
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=10**13), name="transfer_amount"),
            models.CheckConstraint(
                condition=Q(phase__in=["move", "reserve"], pending__isnull=True)
                | Q(phase__in=["post", "void", "expire"], pending__isnull=False),
                name="transfer_decides",
            ),
            models.CheckConstraint(
                condition=Q(
                    phase__in=["move", "post"], debit_number__isnull=False, debit_after__isnull=False,
                    credit_number__isnull=False, credit_after__isnull=False,
                )
                | Q(
                    phase__in=["reserve", "void", "expire"], debit_number__isnull=True, debit_after__isnull=True,
                    credit_number__isnull=True, credit_after__isnull=True,
                ),
                name="transfer_moves",
            ),
            models.CheckConstraint(
                condition=~Q(debit=F("credit"), debit_slot=F("credit_slot")), name="transfer_goes_somewhere"
            ),
        ]  # fmt: skip
        triggers = APPEND_ONLY


class Check(models.Model):
    """What the self-check found, once a night. problems: sentences with opaque ids; empty when the books add up."""

    privacy = Declares(rest=NotPersonal(BOOKS))
    isolation = Isolation(community=None)
    append_only = True

    at = models.DateTimeField(_("时间"), auto_now_add=True)
    accounts = models.PositiveBigIntegerField(_("账户数"))
    transfers = models.PositiveBigIntegerField(_("分录数"))
    problems = models.JSONField(_("问题"), default=list)

    class Meta:
        verbose_name = _("账本自检")
        verbose_name_plural = _("账本自检")
        ordering = ["-at"]
        triggers = APPEND_ONLY
