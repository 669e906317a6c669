"""The recognition self-test: how far apart residents and strangers are among a community's own faces."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anju.access import enrolment
from anju.access.models import Entry, Way
from anju.console import charts
from anju.console.pages import for_duties, in_sight, show, staff
from anju.homes.duties import KEEP_GATES
from anju.homes.models import Community
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.recognition.gallery import SelfTest

SHOWN = 100


@dataclass(frozen=True)
class Mark:
    """A place on the ruler, in percent of its length. end: near which end of it the words must turn inwards."""

    name: str
    value: float
    percent: float
    kind: str

    @property
    def end(self) -> str:
        return "start" if self.percent < 25 else "finish" if self.percent > 75 else ""


@require_http_methods(["GET", "POST"])
@for_duties(*KEEP_GATES.duties)
def self_test(request: HttpRequest) -> HttpResponse:
    """GET explains, POST measures: it opens every face of the community, so it is not done in passing."""
    places = list(Community.objects.filter(pk__in=in_sight(request)))
    place = next((one for one in places if str(one.pk) == request.POST.get("community")), places[0] if places else None)
    result = _measure(request, place) if request.method == "POST" and place else None
    return show(
        request,
        "self_test",
        _("识别自检"),
        places=places,
        place=place,
        result=result,
        marks=_marks(result) if result else [],
        apart=_apart(result) if result else None,
        scores=_scores(place) if place else None,
    )


def _measure(request: HttpRequest, place: Community) -> SelfTest:
    audit.record(AuditEntry.Action.UNMASK, place, actor=staff(request).pk, reason="self_test")
    return enrolment.gallery([place.pk]).self_test()


def _apart(result: SelfTest) -> bool | None:
    """Whether the bar stands between strangers and residents. None: there is nothing to compare yet."""
    if result.highest_stranger is None and result.lowest_resident is None:
        return None
    above = result.highest_stranger is None or result.highest_stranger < result.bar
    below = result.lowest_resident is None or result.lowest_resident >= result.bar
    return above and below


def _marks(result: SelfTest) -> list[Mark]:
    wanted = (
        (_("最像的陌生人"), result.highest_stranger, "stranger"),
        (_("通过门槛"), result.bar, "bar"),
        (_("最不像自己的住户"), result.lowest_resident, "resident"),
    )
    return [
        Mark(name, value, max(0.0, min(1.0, value)) * 100, kind) for name, value, kind in wanted if value is not None
    ]


def _scores(place: Community) -> charts.Chart | None:
    """The last faces' scores, oldest first: numbers only, no pictures and no names."""
    found = list(
        Entry.objects.filter(community=place, way=Way.FACE, score__isnull=False)
        .order_by("-at")
        .values_list("result", "score")[:SHOWN]
    )
    if not found:
        return None
    points = [(at, result, score or 0.0) for at, (result, score) in enumerate(reversed(found))]
    return charts.scatter(
        (
            _("已开门"),
            charts.GOOD,
            [(at, score) for at, result, score in points if result == Entry.Result.GRANTED],
        ),
        (
            _("未开门"),
            charts.BAD,
            [(at, score) for at, result, score in points if result == Entry.Result.REFUSED],
        ),
    )
