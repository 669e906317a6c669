"""De-identified statistics at the console: one community, one finished week."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anju.access.models import Way
from anju.console import charts
from anju.console.pages import for_duties, in_sight, show
from anju.homes.duties import STATISTICS
from anju.homes.models import Application, Community
from anju.oversight import statistics as figures


@require_GET
@for_duties(*STATISTICS.duties)
def statistics(request: HttpRequest) -> HttpResponse:
    places = list(Community.objects.filter(pk__in=in_sight(request)))
    place = next((one for one in places if str(one.pk) == request.GET.get("community")), places[0] if places else None)
    weeks = figures.weeks(timezone.localdate())
    week = next((one for one in weeks if one.isoformat() == request.GET.get("week")), weeks[0])
    tables = figures.publish(place, week).tables if place else {}
    return show(
        request,
        "statistics",
        _("统计"),
        places=places,
        place=place,
        weeks=weeks,
        week=week,
        hours=_chart(tables.get("hours"), _("通行次数")),
        days=_chart(tables.get("days"), _("通行次数"), _day),
        lists=[
            (_("通行方式"), _("次"), *_named(tables.get("ways"), dict(Way.choices))),
            (_("房屋认证"), _("人"), *_named(tables.get("certifications"), dict(Application.State.choices))),
            (_("各楼栋住户"), _("人"), *_named(tables.get("buildings"), {})),
        ],
        least=figures.K,
    )


def _day(label: str) -> str:
    day = date.fromisoformat(label)
    return f"{day.month}/{day.day}"


def _chart(table: Any, title: str, name: Any = str) -> charts.Chart | None:  # Any: a published table, and a function
    """None: there is nothing to draw."""
    if not table or not any(figure for _label, figure in table["cells"]):
        return None
    labels = [name(label) + ("" if figure is not None else " *") for label, figure in table["cells"]]
    return charts.bars(labels, charts.Series(title, charts.GOOD, [figure or 0 for _label, figure in table["cells"]]))


def _named(table: Any, names: dict[str, Any]) -> tuple[list[tuple[str, Any]], Any]:  # Any: as above
    """A table's lines with names for people, and its total."""
    if not table:
        return [], None
    return [(str(names.get(label, label)), figure) for label, figure in table["cells"]], table["total"]
