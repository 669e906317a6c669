"""What collectors report: each reading taken once, refused with a reason, or kept until a person has looked at it.

The rules are those of readings by hand (readings.contradicts), and more, since nobody looks at the dial: a day that a person has
read or that a bill counts stays as it is, and a use beyond what the item's homes need waits.
"""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.billing.models import Basis, Bill, BillState, Collector, FeeItem, Meter, Reading, Reported
from anju.billing.readings import Contradiction, contradicts, counted_to, parsed
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_FEES
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text

DECIMALS = 3
AHEAD = timedelta(minutes=5)
"""A device's clock may be fast by so much."""
OLDEST = timedelta(days=62)
KEPT = timedelta(days=90)
"""How long it is known what was sent: longer than what is taken may be old, so nothing is taken twice."""
FAULTS = 20
"""Refused readings of a batch that staff see."""


WHY: dict[str, Text] = {
    "bad_value": gettext_lazy("读数应是不小于 0、最多三位小数的数字"),
    "bad_time": gettext_lazy("时间应带时区，如 2026-11-30T08:00:00+08:00"),
    "in_the_future": gettext_lazy("读数时间晚于现在，请校准时钟"),
    "too_old": gettext_lazy("读数时间太早，请由物业人工录入"),
    "unknown_meter": gettext_lazy("没有这个表号，请物业在“表具”里填写"),
    "meter_twice": gettext_lazy("这个表号不止一块表，请物业为采集器指定收费项目"),
    "backwards": gettext_lazy("比上次读数小；换了新表的请物业在“抄表记录”里录入起度"),
    "above_later": gettext_lazy("比之后的读数大"),
    "day_read": gettext_lazy("这一天已有人工读数"),
    "counted": gettext_lazy("这一天的读数已计入账单"),
    "jump": gettext_lazy("用量异常，等物业核对后才计入"),
}
"""Why a reading was refused or waits, by the codes that programs see."""


class Received(StrEnum):
    """KNOWN: sent before. WAITING: a person looks at it first."""

    TAKEN = "taken"
    KNOWN = "known"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sent:
    """A reading as it was sent. id: the collector's own for it. meter: the number on it. at: with its zone."""

    id: str
    meter: str
    value: str
    at: str


@dataclass(frozen=True)
class Judged:
    """What became of a reading. code: why it was not taken, one of WHY."""

    outcome: Received
    code: str = ""

    @property
    def text(self) -> str:
        return str(WHY[self.code]) if self.code else ""


@dataclass(frozen=True)
class Shown:
    """What a meter showed, and when."""

    meter: Meter
    value: Decimal
    at: datetime

    @property
    def day(self) -> date:
        return timezone.localtime(self.at).date()


@transaction.atomic
def take(collector: Collector, sent: Sequence[Sent]) -> list[Judged]:
    """A batch, in the order in which it was sent. Raises Refused: the key was changed meanwhile."""
    with scope.community(collector.community_id):
        rows = Collector.objects.select_for_update(of=("self",)).select_related("item")
        mine = rows.filter(pk=collector.pk, digest=collector.digest).first()
        if mine is None:
            raise Refused("bad_key", _("采集器的密钥不对或已更换，请在控制台核对。"), status=401)
        known = _known(mine, sent)
        read = [_read(one, known) for one in sent]
        judged = {place: _judge(mine, sent[place], read[place], known) for place in _in_time(read)}
        known.write()
        answers = [judged[place] for place in range(len(sent))]
        mine.seen_at, mine.last = timezone.now(), _tally(sent, answers)
        mine.save(update_fields=["seen_at", "last"])
    return answers


def _in_time(read: Sequence[Shown | Judged]) -> list[int]:
    """The places of readings in the order of their time, whatever order they were sent in."""
    now = timezone.now()
    return sorted(range(len(read)), key=lambda place: getattr(read[place], "at", now))


class _Known:
    """What is known of a batch's meters. It holds their items, so that no bill is counted from them meanwhile."""

    def __init__(self, meters: Collection[Meter], ids: set[bytes]) -> None:
        self.ids = ids
        self.by_serial: dict[str, list[Meter]] = {}
        for one in meters:
            self.by_serial.setdefault(one.serial, []).append(one)
        self._readings: dict[UUID, list[Reading]] = {one.pk: [] for one in meters}
        self._counted: dict[UUID, date] = {}
        self._waiting: dict[UUID, Reported] = {}
        self._taken: dict[tuple[UUID, date], Reading] = {}
        self._over: list[Reported] = []
        self._new: list[Reported] = []
        if meters:
            self._load(meters)

    def _load(self, meters: Collection[Meter]) -> None:
        items = sorted({one.item_id for one in meters})
        list(FeeItem.objects.select_for_update(no_key=True).filter(pk__in=items).order_by("pk"))
        since = timezone.localdate() - OLDEST - timedelta(days=1)
        rows = Reading.objects.filter(meter__in=meters)
        before = rows.filter(day__lt=since).order_by("meter", "-day").distinct("meter")
        for one in sorted([*before, *rows.filter(day__gte=since)], key=lambda one: one.day):
            self._readings[one.meter_id].append(one)
        for item in items:
            of_item = {one.home_id: one.pk for one in meters if one.item_id == item}
            bills = Bill.objects.filter(item=item, home__in=of_item).exclude(state=BillState.CANCELLED)
            self._counted |= {of_item[home]: day for home, day in counted_to(bills).items()}
        self._waiting = {one.meter_id: one for one in Reported.objects.filter(meter__in=meters) if one.meter_id}

    def around(self, shown: Shown) -> tuple[Reading | None, Reading | None, Reading | None]:
        """The last reading before its day, the one of that day, the next after it."""
        found = self._readings[shown.meter.pk]
        place = bisect_left(found, shown.day, key=lambda one: one.day)
        same = found[place] if place < len(found) and found[place].day == shown.day else None
        after = place + (1 if same else 0)
        return found[place - 1] if place else None, same, found[after] if after < len(found) else None

    def is_counted(self, shown: Shown) -> bool:
        """Whether a bill, or a draft of one, counts up to its day."""
        return shown.meter.pk in self._counted and self._counted[shown.meter.pk] >= shown.day

    def put(self, collector: Collector, shown: Shown) -> None:
        """The day's last stands, and what is there already stays whose it is."""
        _before, same, _after = self.around(shown)
        if same is not None and (same.value == shown.value or _at(same) > shown.at):
            return
        made = same or Reading(community_id=collector.community_id, meter=shown.meter, day=shown.day)
        made.value, made.at, made.how, made.by, made.collector = (
            shown.value,
            shown.at,
            Reading.How.DEVICE,
            None,
            collector,
        )
        if same is None:
            found = self._readings[shown.meter.pk]
            found.insert(bisect_left(found, shown.day, key=lambda one: one.day), made)
        self._taken[shown.meter.pk, shown.day] = made

    def remember(self, collector: Collector, id: str, waits: Shown | None = None) -> None:
        """So that it is known when it comes again. waits: a person has to look at it, unless a later one of its meter waits."""
        made = Reported(community_id=collector.community_id, collector=collector, digest=_digest(id))
        self.ids.add(_digest(id))
        self._new.append(made)
        if waits is None:
            return
        there = self._waiting.get(waits.meter.pk)
        if there is not None and there.read_at is not None and there.read_at > waits.at:
            return
        if there is not None:
            there.meter = there.value = there.read_at = None
            self._over.append(there)
        made.meter, made.value, made.read_at = waits.meter, waits.value, waits.at
        self._waiting[waits.meter.pk] = made

    def write(self) -> None:
        Reading.objects.bulk_create(
            self._taken.values(),
            update_conflicts=True,
            unique_fields=["meter", "day"],
            update_fields=["value", "at", "how", "by", "collector"],
        )
        there = [one for one in self._over if one not in self._new]
        Reported.objects.bulk_update(there, ["meter", "value", "read_at"])
        Reported.objects.bulk_create(self._new)


def _digest(id: str) -> bytes:
    """A maker may put into an id what it likes, a customer's number say: none of it is kept."""
    return hashlib.sha256(id.encode()).digest()


def _known(collector: Collector, sent: Sequence[Sent]) -> _Known:
    metered = Q(item__basis__in=(Basis.METER, Basis.TIERED), item__ended=False)
    rows = Meter.objects.filter(
        metered, community=collector.community_id, serial__in={one.meter.strip() for one in sent} - {""}
    )
    if collector.item_id:
        rows = rows.filter(item=collector.item_id)
    there = Reported.objects.filter(collector=collector, digest__in=[_digest(one.id) for one in sent])
    ids = {bytes(one) for one in there.values_list("digest", flat=True)}
    return _Known(list(rows.select_related("item")), ids)


def _refused(code: str) -> Judged:
    return Judged(Received.REFUSED, code)


def _read(sent: Sent, known: _Known) -> Shown | Judged:
    """What it says; or what is wrong with it, whatever its meter showed before."""
    value = parsed(sent.value)
    if value is None or value != round(value, DECIMALS):
        return _refused("bad_value")
    try:
        at = datetime.fromisoformat(sent.at)
        if at.tzinfo is None:
            raise ValueError("no zone")
        ahead, old = at > timezone.now() + AHEAD, at < timezone.now() - OLDEST
    except (ValueError, OverflowError):
        return _refused("bad_time")
    if ahead:
        return _refused("in_the_future")
    if old:
        return _refused("too_old")
    meters = known.by_serial.get(sent.meter.strip(), [])
    if not meters:
        return _refused("unknown_meter")
    if len(meters) > 1:
        return _refused("meter_twice")
    return Shown(meters[0], value, at)


def _judge(collector: Collector, sent: Sent, read: Shown | Judged, known: _Known) -> Judged:
    if _digest(sent.id) in known.ids:
        return Judged(Received.KNOWN)
    if isinstance(read, Judged):
        return read
    judged = _against(read, known)
    if judged.outcome == Received.TAKEN:
        known.put(collector, read)
    if judged.outcome != Received.REFUSED:
        known.remember(collector, sent.id, read if judged.outcome == Received.WAITING else None)
    return judged


def _at(reading: Reading) -> datetime:
    """When in its day; what a person read, at its end."""
    return reading.at or datetime.combine(
        reading.day + timedelta(days=1), datetime.min.time(), timezone.get_current_timezone()
    )


def _against(shown: Shown, known: _Known, *, looked_at: bool = False) -> Judged:
    """What its meter's other readings say to it. looked_at: a person says that so much was used."""
    before, same, after = known.around(shown)
    if same is not None and same.value != shown.value:
        if same.how != Reading.How.DEVICE:
            return _refused("day_read")
        if known.is_counted(shown):
            return _refused("counted")
        earlier = shown.at < _at(same)
        before, after = (before, same) if earlier else (same, after)
    match contradicts(shown.value, before, after):
        case Contradiction.BELOW_BEFORE:
            return _refused("backwards")
        case Contradiction.ABOVE_AFTER:
            return _refused("above_later")
    begin, _same, _after = known.around(shown)
    if begin is not None and not looked_at:
        most = shown.meter.item.daily_most * (shown.day - begin.day).days
        if shown.value - begin.value > most:
            return Judged(Received.WAITING, "jump")
    return Judged(Received.TAKEN)


def _tally(sent: Sequence[Sent], answers: Sequence[Judged]) -> dict[str, object]:
    """For staff: how many of which, and the first that were refused: [[meter's number, code], …]."""
    faults = [[one.meter, how.code] for one, how in zip(sent, answers, strict=True) if how.outcome == Received.REFUSED]
    return {**Counter(how.outcome.value for how in answers), "faults": faults[:FAULTS]}


@transaction.atomic
def decide(staff: Person, reported: Reported, *, take: bool) -> None:
    """A person has looked at one that waits. It counts, or it is dropped. Raises Refused: nothing waits, or it cannot be any more."""
    require_duty(staff, reported.community_id, *KEEP_FEES.duties)
    with scope.community(reported.community_id):
        meter = Meter.objects.select_related("item").filter(reported=reported.pk).first()
        known = _Known([meter] if meter else [], set())
        found = Reported.objects.select_for_update(of=("self",)).select_related("collector").get(pk=reported.pk)
        if meter is None or found.value is None or found.read_at is None:
            raise Refused("not_waiting", _("这个读数已经处理过了，请刷新页面。"), status=409)
        if take:
            shown = Shown(meter, found.value, found.read_at)
            judged = _against(shown, known, looked_at=True)
            if judged.outcome != Received.TAKEN:
                raise Refused(judged.code, judged.text, status=409)
            known.put(found.collector, shown)
            known.write()
        found.meter = found.value = found.read_at = None
        found.save(update_fields=["meter", "value", "read_at"])
    audit.record(AuditEntry.Action.DECIDE, meter, actor=staff.pk, reason="reading_taken" if take else "reading_dropped")


def forget(now: datetime | None = None) -> int:
    """What is too old to be taken again need not be known. Returns how many rows went."""
    with scope.platform():
        gone, _models = Reported.objects.filter(at__lt=(now or timezone.now()) - KEPT).delete()
    return gone
