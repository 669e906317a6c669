"""Somebody's own payments, month by month: what they went to, and what the payer wrote beside them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.paying import CHINA, yuan
from anju.payments.models import Payment, PaymentState, Refund, RefundState, Remark, Spending, Through
from anju.people.models import Person
from anju.privacy.refusals import Refused

MOST_TAGS, LONGEST_TAG, LONGEST_NOTE = 5, 12, 200
DEFAULT = {"fees": Spending.HOME, "utilities": Spending.HOME}
"""What a payment counts towards until its payer says otherwise, by what it was for."""


@dataclass(frozen=True)
class Line:
    """One payment. Fen. returned: what was given back. declined: what should have been, and is owed still."""

    id: UUID
    title: str
    through: Through
    amount: int
    returned: int
    declined: int
    at: datetime
    category: Spending
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Month:
    """spent: fen, without what was given back. by: of that, for each category."""

    month: date
    spent: int
    by: dict[Spending, int]
    lines: list[Line]


def month(person: Person, first: date) -> Month:
    """A month of the payer's; first: its first day."""
    lines = list(_lines(person, first))
    by: Counter[Spending] = Counter()
    for one in lines:
        by[one.category] += one.amount - one.returned
    return Month(first, by.total(), {key: amount for key, amount in by.most_common() if amount}, lines)


def _lines(person: Person, first: date) -> Iterator[Line]:
    begin = datetime.combine(first.replace(day=1), time(), CHINA)
    end = (begin + timedelta(days=31)).replace(day=1)
    rows = Payment.objects.filter(payer=person.pk, state=PaymentState.PAID, paid_at__gte=begin, paid_at__lt=end)
    back: Counter[UUID] = Counter()
    declined: Counter[UUID] = Counter()
    for refund in Refund.objects.filter(payment__in=rows, state__in=(*Refund.BACK, RefundState.FAILED)):
        (declined if refund.state == RefundState.FAILED else back)[refund.payment_id] += refund.amount
    for one in rows.select_related("remark").order_by("-paid_at"):
        remark: Remark | None = getattr(one, "remark", None)
        category = Spending(remark.category) if remark else DEFAULT.get(one.kind, Spending.OTHER)
        tags = remark.tags.open().split() if remark and remark.tags else []
        note = remark.note.open() if remark and remark.note else ""
        at = one.paid_at or one.created_at
        yield Line(
            one.pk, one.title, Through(one.through), one.amount, back[one.pk], declined[one.pk], at, category,
            tuple(tags), note,
        )  # fmt: skip


@transaction.atomic
def remark(person: Person, payment: UUID, *, category: Spending, tags: list[str], note: str) -> None:
    """What the payer makes of one of their payments. Raises Refused."""
    found = Payment.objects.select_for_update(no_key=True).filter(pk=payment, payer=person.pk).first()
    if found is None or found.state != PaymentState.PAID:
        raise Refused("unknown_payment", _("没有找到这笔付款，请刷新页面。"), status=404)
    words = list(dict.fromkeys(one for text in tags for one in text.split()))
    if len(words) > MOST_TAGS or any(len(one) > LONGEST_TAG for one in words):
        facts = {"most": MOST_TAGS, "longest": LONGEST_TAG}
        raise Refused("bad_tags", _("最多 %(most)s 个标签，每个不超过 %(longest)s 个字。") % facts, field="tags")
    if len(note) > LONGEST_NOTE:
        raise Refused("bad_note", _("备注不超过 %(longest)s 个字。") % {"longest": LONGEST_NOTE}, field="note")
    made = Remark.objects.filter(payment=found).first() or Remark(
        payment=found, payer=person.pk, community_id=found.community_id
    )
    made.category = category
    made.tags, made.note = " ".join(words) or None, note.strip() or None
    made.save()


def rows(found: Month) -> Iterator[list[str]]:
    """A month as a table to keep, with headings."""
    yield [_("时间"), _("标题"), _("支付方式"), _("金额（元）"), _("退款（元）"), _("分类"), _("标签"), _("备注")]
    for one in found.lines:
        at = timezone.localtime(one.at).strftime("%Y-%m-%d %H:%M:%S")
        words = [at, one.title, str(one.through.label), yuan(one.amount), yuan(one.returned), str(one.category.label)]
        yield [*words, " ".join(one.tags), one.note]
