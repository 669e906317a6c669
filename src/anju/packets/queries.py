"""Which packets somebody sees."""

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.homes.models import Member
from anju.packets.models import Packet, PacketState
from anju.people.models import Person
from anju.privacy import scope

PAGE = 50


def name(person: Person | None) -> str:
    """What somebody has chosen to be called; nobody's real name."""
    return person.nickname.masked() if person is not None and person.nickname else _("邻居")


def of(person: Person) -> list[Packet]:
    """Sent, taken, or laid out for one's own home. Newest first."""
    with scope.platform():
        homes = Member.objects.living().filter(person=person).values("home")
        seen = Q(sender=person.pk) | Q(shares__person=person.pk) | Q(home__in=homes)
        rows = Packet.objects.filter(seen).exclude(state__in=[PacketState.FUNDING, PacketState.FAILED])
        return list(rows.distinct().order_by("-at")[:PAGE])
