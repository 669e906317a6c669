"""Who is told that an answer is due."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.homes.models import Duty, StaffRole
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import scope
from anju.rights.models import Request


def _answerable(request: Request, *, late: bool) -> set[Person]:
    """The data-protection officers of the community; for a late one the managers and operators as well."""
    duties = [Duty.DPO, Duty.MANAGER] if late else [Duty.DPO]
    with scope.platform():
        roles = StaffRole.objects.filter(community=request.community_id, duty__in=duties)
        people = set(Person.objects.filter(Q(pk__in=roles.values("person"))))
        if late or not people:
            people |= set(Person.objects.filter(is_superuser=True, is_active=True))
    return people


def tell_of(requests: Sequence[Request], *, late: bool) -> None:
    """A notice to each who has to see to it."""
    for request in requests:
        for person in _answerable(request, late=late):
            with notices.language_of(person):
                title = _("个人信息申请已逾期") if late else _("个人信息申请即将到期")
                body = _("有一项“%(kind)s”申请最迟应于 %(due)s 答复，请到控制台“个人信息保护”处理。") % {
                    "kind": request.get_kind_display(),
                    "due": f"{request.due_at:%Y-%m-%d}",
                }
                notices.tell(person, Notice.Kind.RIGHTS, title, body)
