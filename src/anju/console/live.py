"""Tickets to the event stream for the console's pages."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from anju.console.pages import for_duties, in_sight
from anju.homes.duties import RECEIVE_VISITORS, REVIEW, WATCH, WATCH_CARS
from anju.live import tickets


@for_duties(*REVIEW.duties, *WATCH.duties, *RECEIVE_VISITORS.duties, *WATCH_CARS.duties)
def ticket(request: HttpRequest) -> HttpResponse:
    """A ticket for what happens in the staff's communities: ids, for which the page asks what it may see."""
    made, _expires = tickets.make([f"community.{one}" for one in in_sight(request)])
    return JsonResponse({"ticket": made})
