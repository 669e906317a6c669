"""Cars in the community: who is inside, who has stayed too long, what waits for an answer, and raising a barrier by hand."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.access.models import Gate
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.homes.duties import KEEP_PARKING, OPEN_GATES, WATCH_CARS
from anju.homes.models import Community
from anju.privacy.refusals import Refused
from anju.privacy.staff import holds
from anju.vehicles import desk
from anju.vehicles.models import Car, ParkingRequest, Space, VisitorCar

SHOWN = 100


@dataclass(frozen=True)
class Garage:
    """How full a community is."""

    place: Community
    cars: int
    visitors: int
    spaces: int


def _garage(place: Community) -> Garage:
    return Garage(
        place=place,
        cars=desk.cars_inside().filter(community=place).count(),
        visitors=desk.visitors_inside().filter(community=place).count(),
        spaces=desk.spaces_of(place.pk),
    )


def _lists(request: HttpRequest) -> dict[str, Any]:  # Any: a template's context
    guests = list(within(request, desk.visitors_inside(), WATCH_CARS.duties)[:SHOWN])
    return {
        "garages": [_garage(one) for one in Community.objects.filter(pk__in=in_sight(request))],
        "late": [one for one in guests if desk.stays_long(one)],
        "guests": [one for one in guests if not desk.stays_long(one)],
        "cars": list(within(request, desk.cars_inside(), WATCH_CARS.duties)[:SHOWN]),
        "moves": list(within(request, desk.movements(), WATCH_CARS.duties)[:SHOWN]),
    }


def late_badge(request: HttpRequest) -> str:
    """How many visitors' cars should have left, for the sidebar."""
    guests: list[VisitorCar] = list(within(request, desk.visitors_inside(), WATCH_CARS.duties))
    return str(sum(desk.stays_long(one) for one in guests) or "")


def waiting_badge(request: HttpRequest) -> str:
    """How many requests and claims wait, for the sidebar."""
    asked = within(request, desk.requests(), KEEP_PARKING.duties).count()
    return str(asked + within(request, desk.claims(), KEEP_PARKING.duties).count() or "")


@require_GET
@for_duties(*WATCH_CARS.duties)
def cars(request: HttpRequest) -> HttpResponse:
    barriers = within(request, Gate.objects.filter(kind=Gate.Kind.BARRIER), OPEN_GATES.duties)
    raises = list(barriers) if holds(request, OPEN_GATES.duties) else []
    return show(request, "cars", _("车辆"), barriers=raises, reasons=desk.Why.choices, **_lists(request))


@require_GET
@for_duties(*WATCH_CARS.duties)
def rows(request: HttpRequest) -> HttpResponse:
    """The lists alone, for a page that has heard of something new."""
    return render(request, "console/cars_rows.html", _lists(request))


@require_POST
@for_duties(*OPEN_GATES.duties)
def raise_barrier(request: HttpRequest, gate: UUID) -> HttpResponse:
    found = Gate.objects.filter(pk=gate).first()
    if found is None:
        raise Refused("unknown_gate", _("没有找到这个门禁，请刷新页面。"), status=404)
    desk.raise_barrier(staff(request), found, request.POST.get("why", ""))
    messages.success(request, _("%(gate)s 已抬杆。") % {"gate": found.name})
    return redirect("admin:cars")


@require_GET
@for_duties(*KEEP_PARKING.duties)
def parking(request: HttpRequest) -> HttpResponse:
    """What waits for an answer: monthly parking and plates that two households claim."""
    asked = list(within(request, desk.requests(), KEEP_PARKING.duties)[:SHOWN])
    claims = list(within(request, desk.claims(), KEEP_PARKING.duties)[:SHOWN])
    spaces = list(within(request, Space.objects.filter(home__isnull=True), KEEP_PARKING.duties))
    return show(request, "parking", _("停车申请"), requests=asked, claims=claims, spaces=spaces)


@require_POST
@for_duties(*KEEP_PARKING.duties)
def decide(request: HttpRequest, asked: UUID) -> HttpResponse:
    found = (
        within(request, ParkingRequest.objects.select_related("person"), KEEP_PARKING.duties).filter(pk=asked).first()
    )
    if found is None:
        raise Refused("unknown_request", _("没有找到这份申请，请返回列表。"), status=404)
    chosen = request.POST.get("space") or None
    space = Space.objects.filter(pk=chosen, community=found.community_id, home__isnull=True).first() if chosen else None
    confirm = request.POST.get("answer") == "confirm"
    desk.decide(staff(request), found, confirm=confirm, space=space)
    messages.success(request, _("已办理。") if confirm else _("已答复住户：未办理。"))
    return redirect("admin:parking")


@require_POST
@for_duties(*KEEP_PARKING.duties)
def settle(request: HttpRequest, car: UUID) -> HttpResponse:
    """Staff type the plate from the papers they were shown: they need not be shown the one that was registered."""
    found = within(request, Car.objects.all(), KEEP_PARKING.duties).filter(pk=car).first()
    if found is None:
        raise Refused("unknown_car", _("没有找到这辆车，请返回列表。"), status=404)
    accept = request.POST.get("answer") == "accept"
    desk.settle_claim(staff(request), found, papers=request.POST.get("papers", ""), accept=accept)
    messages.success(request, _("已处理，住户会收到通知。"))
    return redirect("admin:parking")
