"""How gates are used: today by hour beside a week ago, by way, and why people were not let in."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import queries
from anju.access.models import Entry, Way
from anju.console import charts

WEEK = timedelta(days=7)
MOST_REASONS = 8


def of(communities: Collection[UUID]) -> tuple[charts.Chart, charts.Chart, charts.Chart]:
    """Three charts of these communities: hours, ways, refusals."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    entries = Entry.objects.filter(community__in=communities).order_by()
    return (
        charts.bars(
            [f"{hour:02}" for hour in range(24)],
            charts.Series(_("上周同日"), charts.QUIET, _by_hour(communities, midnight - WEEK), stack="before"),
            charts.Series(_("今天"), charts.GOOD, _by_hour(communities, midnight), stack="now"),
        ),
        _counted(
            Counter(dict(entries.filter(at__gte=midnight - WEEK).values_list("way").annotate(Count("id")))),
            {way: str(Way(way).label) for way in Way.values},
            charts.GOOD,
        ),
        _counted(
            Counter(
                dict(
                    entries.filter(at__gte=midnight - WEEK, result=Entry.Result.REFUSED)
                    .values_list("reason")
                    .annotate(Count("id"))
                )
            ),
            {reason: str(text) for reason, text in queries.REASONS.items()},
            charts.BAD,
        ),
    )


def _by_hour(communities: Collection[UUID], day: datetime) -> list[int]:
    """Entries of one day, by its hours."""
    rows = Entry.objects.filter(community__in=communities, at__gte=day, at__lt=day + timedelta(days=1)).order_by()
    found = dict(rows.annotate(hour=TruncHour("at")).values_list("hour").annotate(Count("id")))
    return [found.get(day + timedelta(hours=hour), 0) for hour in range(24)]


def _counted(counts: Counter[str], words: dict[str, str], colour: str) -> charts.Chart:
    """The most frequent, in words."""
    most = counts.most_common(MOST_REASONS)
    return charts.bars(
        [words.get(one, one).partition("，")[0] for one, _count in most],
        charts.Series(_("近 7 天"), colour, [count for _one, count in most]),
    )
