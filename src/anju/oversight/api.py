"""De-identified statistics, for staff with the right to them. A community and a finished week: there is nothing else to ask for."""

from datetime import date
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from anju.homes import queries, staffing
from anju.homes.actions import require_duty
from anju.homes.duties import STATISTICS
from anju.oversight import statistics
from anju.people.models import person_of
from anju.privacy import scope
from anju.privacy.refusals import Refused

router = Router(tags=["statistics"])


class Figure(Schema):
    """figure: null where fewer than ten people are behind it, or it would give such a one away."""

    label: str
    figure: int | None


class Table(Schema):
    cells: list[Figure]
    total: int | None


class Week(Schema):
    """hours, days, ways: residents' entries. certifications, buildings: people."""

    week: date
    hours: Table
    days: Table
    ways: Table
    certifications: Table
    buildings: Table


@router.get("/statistics", response=Week)
def week(request: HttpRequest, community: UUID, week: date) -> Week:
    """The week that begins on this Monday."""
    person = person_of(request.user)
    if not person.is_staff or not staffing.proven(request):
        raise Refused("second_factor", _("请先用两步验证登录控制台，再查看统计。"), status=403)
    require_duty(person, community, *STATISTICS.duties)
    with scope.community(community):
        place = queries.communities().filter(pk=community).first()
        if place is None:
            raise Refused("unknown_community", _("没有找到这个小区，请重新选择。"), status=404)
        found = statistics.publish(place, week)
    tables = {
        name: Table(cells=[Figure(label=label, figure=figure) for label, figure in one["cells"]], total=one["total"])
        for name, one in found.tables.items()
    }
    return Week(week=found.week, **tables)
