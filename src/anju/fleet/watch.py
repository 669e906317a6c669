"""What the platform notices of its gates: silence, wrong clocks, false receipts, too many entries."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from anju.access.models import Entry, Gate
from anju.fleet import alarms
from anju.fleet.models import Alarm
from anju.privacy import scope

SILENT = timedelta(seconds=60)
MOST_OFFSET_MS = 2000
MOST_A_MINUTE = 120
"""Entries; a busy door lets in one person every two seconds."""


def look() -> None:
    """Compare how every registered gate is with how it should be, and raise or end alarms."""
    with scope.platform():
        now = timezone.now()
        gates = list(Gate.objects.filter(registered_at__isnull=False).select_related("community"))
        busy = _busy(now)
        on = set(Alarm.objects.filter(over_at__isnull=True).exclude(state="closed").values_list("gate_id", "kind"))
        for gate in gates:
            for kind, wrong in _wrong(gate, busy, now):
                if wrong and (gate.pk, kind) not in on:
                    alarms.begin(gate, kind, now)
                elif not wrong and (gate.pk, kind) in on:
                    alarms.end(gate, kind, now)


def _busy(now: datetime) -> dict[UUID, int]:
    """Entries of the last minute by gate, by when they arrived: a gate that was away sends what it kept."""
    lately = Entry.objects.filter(received_at__gt=now - timedelta(minutes=1), at__gt=now - timedelta(minutes=2))
    return dict(lately.values_list("gate_id").annotate(count=Count("pk")).filter(count__gt=MOST_A_MINUTE))


def _wrong(gate: Gate, busy: dict[UUID, int], now: datetime) -> Iterator[tuple[Alarm.Kind, bool]]:
    spoke = gate.seen_at or gate.registered_at or now
    yield Alarm.Kind.OFFLINE, now - spoke > SILENT
    yield Alarm.Kind.CLOCK, abs(int(gate.report.get("offset_ms", 0))) > MOST_OFFSET_MS
    yield Alarm.Kind.SUSPECT, gate.suspect_since is not None
    yield Alarm.Kind.FLOOD, gate.pk in busy
    # A gate whose disk is full may have lost the alarm's own entry: its health says so as well.
    if gate.report.get("store") == "full":
        yield Alarm.Kind.STORE, True
