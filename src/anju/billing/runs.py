"""Billing a whole community for one period of an item: counted, looked at, issued."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import amounts, prepaid
from anju.billing.models import Basis, Bill, BillState, FeeItem, Meter, Reading, Run, RunState, Tariff
from anju.billing.readings import counted_to
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_FEES
from anju.homes.models import Home
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused

BATCH = 2000
SHOWN = 200
"""Problems that are kept with a run."""


def months_after(day: date, months: int) -> date:
    """The first of the month so many months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


@transaction.atomic
def ask(staff: Person, item: FeeItem, period: date, total: int | None = None) -> Run:
    """Have a period's bills made (tasks.count). total: fen, for items that are shared out. Raises Refused."""
    require_duty(staff, item.community_id, *KEEP_FEES.duties)
    if period.day != 1:
        raise Refused("bad_period", _("账期从每月 1 日开始，请选择月份。"), field="period")
    if item.ended:
        raise Refused("item_ended", _("这个收费项目已停用。"), status=409)
    if item.parking:
        raise Refused("item_parking", _("月租停车由住户申请时出账，不批量出账。"), status=409)
    if item.basis == Basis.SHARED and (total or 0) <= 0:
        raise Refused("no_total", _("请填写本期要分摊的总额。"), field="total")
    with scope.community(item.community_id):
        near = (months_after(period, 1 - item.months), months_after(period, item.months - 1))  # sharing a month with it
        if Run.objects.filter(item=item, period__range=near).exclude(state=RunState.CANCELLED).exists():
            raise Refused("run_exists", _("这个账期已经生成过，请在列表里查看，需要重做时先作废。"), status=409)
        run = Run.objects.create(
            community_id=item.community_id, item=item, period=period, made_by=staff.pk,
            total=total if item.basis == Basis.SHARED else None,
        )  # fmt: skip
    audit.record(AuditEntry.Action.ADD, run, actor=staff.pk, reason="fees_counted")
    return run


@dataclass(frozen=True)
class Line:
    """What one home comes to, or why it cannot be counted."""

    home: UUID
    amount: int
    detail: dict[str, str]
    problem: str = ""


def count(run: UUID) -> Run:
    """Make the draft bills of a run. Counted anew when it is asked again."""
    with scope.platform(), transaction.atomic():
        found = Run.objects.select_for_update(of=("self",)).select_related("item").get(pk=run)
        if found.state not in (RunState.ASKED, RunState.DRAFT):
            return found
        FeeItem.objects.select_for_update(no_key=True).get(pk=found.item_id)  # no device's reading changes meanwhile
        Bill.objects.filter(run=found).delete()
        homes = _homes(found.item)
        ends = months_after(found.period, found.item.months) - timedelta(days=1)
        lines = list(_lines(found, homes, ends))
        bills = [
            Bill(
                community_id=found.community_id, home_id=one.home, item=found.item, run=found,
                period=found.period, ends=ends, amount=one.amount, detail=one.detail,
            )
            for one in lines
            if one.amount > 0
        ]  # fmt: skip
        Bill.objects.bulk_create(bills, batch_size=BATCH)
        found.homes, found.done = len(homes), len(bills)
        found.amount = sum(one.amount for one in bills)
        found.problems = [[homes[one.home].label, one.problem] for one in lines if one.problem][:SHOWN]
        found.state = RunState.DRAFT
        found.save()
        return found


def _homes(item: FeeItem) -> dict[UUID, Home]:
    chosen = item.homes.all()
    rows = chosen if chosen.exists() else Home.objects.filter(community=item.community_id)
    return {one.pk: one for one in rows.select_related("unit__building")}


def _tariff(item: FeeItem, day: date) -> Tariff:
    """The price that holds on a day. Raises Refused."""
    found = Tariff.objects.filter(item=item, since__lte=day).order_by("-since").first()
    if found is None:
        raise Refused("no_tariff", _("“%(item)s”在这个账期没有价格，请先填写。") % {"item": item.name}, status=409)
    return found


def _lines(run: Run, homes: dict[UUID, Home], ends: date) -> Iterator[Line]:
    item = run.item
    if item.basis == Basis.SHARED:
        yield from _shared(run, homes)
        return
    tariff = _tariff(item, run.period)
    months = Decimal(item.months)
    if item.basis in (Basis.METER, Basis.TIERED):
        yield from _metered(run, homes, tariff, ends)
        return
    for home in homes.values():
        if item.basis == Basis.FIXED:
            yield Line(
                home.pk, amounts.plain(months, tariff.price), {"price": str(tariff.price), "months": str(months)}
            )
        elif home.area is None:
            yield Line(home.pk, 0, {}, "area")
        else:
            detail = {"quantity": str(home.area), "unit": "m²", "price": str(tariff.price), "months": str(months)}
            yield Line(home.pk, amounts.plain(home.area * months, tariff.price), detail)


def _shared(run: Run, homes: dict[UUID, Home]) -> Iterator[Line]:
    weights = {key: home.area for key, home in homes.items() if home.area}
    yield from (Line(key, 0, {}, "area") for key, home in homes.items() if not home.area)
    if not weights:
        return
    total = run.total or 0
    for key, amount in amounts.shared(total, weights).items():
        yield Line(key, amount, {"total": str(total), "quantity": str(weights[key]), "unit": "m²"})


def _metered(run: Run, homes: dict[UUID, Home], tariff: Tariff, ends: date) -> Iterator[Line]:
    meters = {one.home_id: one for one in Meter.objects.filter(item=run.item, home__in=homes)}
    rows = Reading.objects.filter(meter__item=run.item, day__lte=ends + timedelta(days=10)).order_by("meter", "day")
    readings: dict[UUID, list[Reading]] = {}
    for one in rows:
        readings.setdefault(one.meter_id, []).append(one)
    billed = Bill.objects.filter(item=run.item, period__lt=run.period).exclude(state=BillState.CANCELLED)
    counted = counted_to(billed)
    for key in homes:
        meter = meters.get(key)
        if meter is None:
            continue  # who has no meter uses nothing
        used = _used(readings.get(meter.pk, []), run.period, counted.get(key))
        if used is None:
            yield Line(key, 0, {}, "reading")
            continue
        first, last, quantity, before = used
        detail = {"from": str(first.value), "to": str(last.value), "read": last.day.isoformat()}
        detail |= {"quantity": str(quantity), "price": str(tariff.price)}
        if run.item.basis == Basis.METER:
            yield Line(key, amounts.plain(quantity, tariff.price), detail)
        else:
            amount = amounts.tiered(quantity, tariff.steps(), before)
            yield Line(key, amount, {**detail, "before": str(before)})


def _used(
    readings: list[Reading], period: date, counted: date | None
) -> tuple[Reading, Reading, Decimal, Decimal] | None:
    """First and last reading of a period, units used in it, and units used in its year before. None: one of them is missing.

    The last reading is the newest up to ten days after the period; the first is the one up to which it is counted already, or the
    last one of the period before.
    """
    before = period + timedelta(days=9)  # ten days after the day on which that one ended
    first = [one for one in readings if one.day <= (counted or before)]
    last = [one for one in readings if one.day > before]
    begin = first[-1] if first else (last[0] if last and last[0].start else None)
    if begin is None or not last or last[-1] is begin:
        return None
    within = readings[readings.index(begin) :]
    year = [one for one in first if one.day >= date(period.year, 1, 1) - timedelta(days=21)]
    return begin, last[-1], _sum(within), _sum(year)


def _sum(readings: list[Reading]) -> Decimal:
    """Units between the first and the last, over new meters."""
    return sum((two.value - one.value for one, two in pairwise(readings) if not two.start), Decimal(0))


@transaction.atomic
def issue(staff: Person, run: Run) -> Run:
    """Ask the homes for what a draft came to; what they have paid ahead is taken first. Raises Refused."""
    require_duty(staff, run.community_id, *KEEP_FEES.duties)
    with scope.community(run.community_id):
        found = Run.objects.select_for_update(of=("self",)).select_related("item").get(pk=run.pk)
        if found.state != RunState.DRAFT:
            raise Refused("not_a_draft", _("只有待核对的账单可以出账，请刷新页面。"), status=409)
        _require_current(found)
        due = timezone.localdate() + timedelta(days=found.item.due_days)
        bills = Bill.objects.filter(run=found, state=BillState.DRAFT)
        bills.update(state=BillState.ISSUED, due=due)
        found.state, found.issued_at = RunState.ISSUED, timezone.now()
        found.save(update_fields=["state", "issued_at"])
        prepaid.apply(found)
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="fees_issued")
    return found


def _require_current(run: Run) -> None:
    """Whoever corrects a reading after a draft was counted expects it in the bill. Raises Refused."""
    if run.item.basis not in (Basis.METER, Basis.TIERED):
        return
    FeeItem.objects.select_for_update(no_key=True).get(pk=run.item_id)  # no device's reading changes meanwhile
    ends = months_after(run.period, run.item.months) - timedelta(days=1)
    now = {one.home: one.detail for one in _lines(run, _homes(run.item), ends) if one.amount > 0}
    if now != dict(Bill.objects.filter(run=run, state=BillState.DRAFT).values_list("home", "detail")):
        raise Refused("readings_changed", _("核对后又有抄表数变动，请重新计算并核对后再出账。"), status=409)


@transaction.atomic
def cancel(staff: Person, run: Run) -> Run:
    """Take a period's bills back, as long as nobody has paid any of them. Raises Refused."""
    require_duty(staff, run.community_id, *KEEP_FEES.duties)
    with scope.community(run.community_id):
        found = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if found.state == RunState.CANCELLED:
            return found
        bills = Bill.objects.select_for_update(of=("self",)).filter(run=found)
        if any(one.paid or one.late_paid for one in bills):
            raise Refused("paid_already", _("已有住户缴费，不能作废；请逐户调整。"), status=409)
        bills.update(state=BillState.CANCELLED)
        found.state = RunState.CANCELLED
        found.save(update_fields=["state"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="fees_cancelled")
    return found
