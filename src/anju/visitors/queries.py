"""Reading visitors and passes."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Gate
from anju.homes.models import Home, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.visitors.models import Pass, Visitor

SHOWN = 100


def _own(host: Person) -> QuerySet[Pass]:
    return Pass.objects.filter(host=host).select_related("visitor", "home__unit__building", "community")


def passes(host: Person) -> list[Pass]:
    """A host's passes: those that are open by their beginning, then the others, the latest first."""
    found = list(_own(host).order_by("-until")[:SHOWN])
    now = timezone.now()
    current = [one for one in found if one.state in Pass.OPEN and one.until > now]
    others = [one for one in found if one not in current]
    return sorted(current, key=lambda one: one.since) + others


def own_pass(host: Person, visit: UUID) -> Pass:
    """Raises Refused."""
    found = _own(host).filter(pk=visit).first()
    if found is None:
        raise Refused("unknown_pass", _("没有找到这张通行证，可能已被删除，请返回列表。"), status=404)
    return found


def gates_of(visit: Pass) -> list[Gate]:
    """The gates that a pass names; none: all of the community's."""
    with scope.community(visit.community_id):
        return list(Gate.objects.filter(pk__in=visit.gates)) if visit.gates else []


def visitors(host: Person) -> list[Visitor]:
    """Whom this host knows already."""
    return list(Visitor.objects.filter(host=host).order_by("-frequent", "-kept_from")[:SHOWN])


def places(host: Person) -> list[tuple[Home, list[Gate]]]:
    """This host's homes with the gates of their communities."""
    mine = list(Member.objects.living().filter(person=host).select_related("home__unit__building"))
    with scope.community(*{member.community_id for member in mine}):
        return [(one.home, list(Gate.objects.filter(community=one.community_id))) for one in mine]
