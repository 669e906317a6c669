"""What every page of the console that is not one model's has in common: who may open it, and its frame."""

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from anju.homes.duties import Duty, unmasks_a_day
from anju.homes.models import Community
from anju.people.models import Person, person_of
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, communities, duties, holds

P = ParamSpec("P")
Rows = TypeVar("Rows", bound=QuerySet[Any])
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_duties(*allowed: Duty) -> Callable[[View[P]], View[P]]:
    """The view is for these duties (and the operator), and sees only the communities where they are held. None: the operator alone."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def run(request: HttpRequest, *args: P.args, **options: P.kwargs) -> HttpResponse:
            if not holds(request, allowed or (OPERATOR,)):
                raise PermissionDenied
            if OPERATOR not in duties(request):
                scope.enter(person_of(request.user).pk, communities(request, allowed))
            try:
                return view(request, *args, **options)
            except Refused as refused:
                return refusal(request, refused)

        return cast(View[P], run)

    return wrap


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A page (or, for what a page asks by itself, a line) that says why not."""
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(str(refused.message), status=refused.status, content_type="text/plain; charset=utf-8")
    return render(request, "console/refused.html", {**frame(request, ""), "refused": refused}, status=refused.status)


def frame(request: HttpRequest, title: str) -> dict[str, Any]:  # Any: a template's context
    """The context of the console's surroundings: sidebar, header, colours."""
    return {**admin.site.each_context(request), "title": title}


def show(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:  # Any: a template's context
    return TemplateResponse(request, f"console/{template}.html", {**frame(request, title), **context})


def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    """A page's address, behind the site's own door."""
    return path(route, admin.site.admin_view(view), name=name)


def in_sight(request: HttpRequest) -> list[UUID]:
    """The communities that this page works for; to be asked inside `for_duties`."""
    seen = scope.current().communities
    if scope.EVERY in seen:
        return list(Community.objects.values_list("pk", flat=True))
    return [UUID(one) for one in seen]


def staff(request: HttpRequest) -> Person:
    return person_of(request.user)


def names(people: Iterable[UUID]) -> dict[UUID, str]:
    """What these members of staff call themselves."""
    return {one.pk: str(one) for one in Person.objects.filter(pk__in=set(people))}


def allowance(request: HttpRequest) -> int:
    """How many values the person asking may read in full a day."""
    return unmasks_a_day(duties(request).keys())


def within(request: HttpRequest, rows: Rows, allowed: Collection[str], *, field: str = "community") -> Rows:
    """The rows of communities where one of these duties is held, for pages that serve several duties."""
    return rows if OPERATOR in duties(request) else rows.filter(**{f"{field}__in": communities(request, allowed)})
