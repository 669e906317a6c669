"""A member of staff who signs in from a browser not seen before: their managers hear of it as well."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from anju.homes import staffing
from anju.homes.duties import APPOINT
from anju.homes.models import duties
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.people.signals import new_device
from anju.privacy import scope


@receiver(new_device)
def warn(person: Person, label: str, **_options: Any) -> None:  # Any: the signal's own arguments
    """Tell the managers of every community where this person works; once each."""
    if not person.is_staff:
        return
    with scope.platform():
        managers = {one.pk: one for place in duties(person.pk) for one in staffing.holding(place, APPOINT.duties)}
    for manager in managers.values():
        if manager.pk == person.pk:
            continue
        with notices.language_of(manager):
            text = _("工作人员“%(who)s”刚在一台新设备（%(device)s）上登录。请核实；如非本人，请立即取消其岗位。")
            facts = {"who": str(person), "device": label}
            notices.tell(manager, Notice.Kind.SECURITY, _("工作人员在新设备登录"), text % facts)
