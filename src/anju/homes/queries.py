"""Reading homes and who belongs to them."""

import re
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from anju.homes.models import Application, ApplicationEvent, Building, Community, Home, Member, Unit
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused


def communities(text: str = "") -> QuerySet[Community]:
    """Communities whose name or address has `text` in it; open to everybody."""
    found = Community.objects.all()
    return found.filter(name__icontains=text) | found.filter(address__icontains=text) if text else found


def buildings(community: UUID) -> QuerySet[Building]:
    return Building.objects.filter(community=community).prefetch_related(
        Prefetch("units", Unit.objects.order_by("order", "name"))
    )


def homes_of_unit(unit: UUID) -> QuerySet[Home]:
    return Home.objects.filter(unit=unit).order_by("floor", "room")


def home(home_id: UUID) -> Home:
    """Raises Refused when there is none."""
    found = Home.objects.select_related("unit__building", "community").filter(pk=home_id).first()
    if found is None:
        raise Refused("unknown_home", _("没有找到这套房屋，请重新选择。"), status=404, field="home")
    return found


def home_called(community: UUID, text: str) -> Home:
    """The home that people call so: `3栋2单元1201`, `3-2-1201`, `3 2 1201`. Raises Refused."""
    asked = words(text)
    rooms = Home.objects.filter(community=community, room=asked[-1] if asked else "").select_related("unit__building")
    found = [one for one in rooms if words(one.label) == asked]
    if len(found) != 1:
        raise Refused("unknown_home", _("没有找到这套房屋，请按“3栋2单元1201”或“3-2-1201”填写。"), field="home")
    return found[0]


def words(text: str) -> list[str]:
    """`3栋2单元1201`, `3-2-1201` -> 3, 2, 1201: what a home is told apart by, however it is written."""
    return re.findall(r"[0-9A-Za-z]+", text)


def applications(person: Person) -> QuerySet[Application]:
    return (
        Application.objects.filter(person=person)
        .select_related("home__unit__building", "community")
        .prefetch_related(Prefetch("events", ApplicationEvent.objects.order_by("id")))
        .order_by("-submitted_at")
    )


def application(person: Person, application_id: UUID) -> Application:
    """One of this person's own. Raises Refused."""
    found = applications(person).filter(pk=application_id).first()
    if found is None:
        raise Refused("unknown_application", _("没有找到这份申请，请刷新后重试。"), status=404)
    return found


def memberships(person: Person) -> list[tuple[Member, list[Member]]]:
    """Where this person lives now: their own membership, and everybody's of that home."""
    mine = list(Member.objects.living().filter(person=person).select_related("home__unit__building", "community"))
    with scope.community(*{member.community_id for member in mine}):
        return [(one, list(Member.objects.living().filter(home=one.home_id).order_by("since"))) for one in mine]


def communities_of(person: UUID) -> list[UUID]:
    """The communities this person belongs to now."""
    return list(Member.objects.living().filter(person=person).values_list("community_id", flat=True).distinct())
