"""How SIP joins what happens elsewhere: a call begins, is taken or ends; somebody moves out, signs out, takes their consent back, or has a new password."""

from typing import Any, NamedTuple
from uuid import UUID

from allauth.account.signals import password_changed, password_reset, password_set
from django.db import connection, transaction
from django.dispatch import receiver
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anju.homes.actions import membership_changed
from anju.homes.models import Member
from anju.intercom import actions, signals
from anju.intercom.models import Call, Ring, Via
from anju.intercom.purposes import INTERCOM
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.people.signals import signed_out
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry
from anju.sip import devices, kamailio, place, telephones
from anju.sip.models import Dialog, SipDevice


@receiver(signals.ringing)
def _trace(call: Call, people: list[Person], **_: Any) -> list[Ring]:  # Any: the signal's own arguments
    """Who is rung by SIP is written down with the others: as long as they may answer, the call is not refused by all."""
    if not place.runs():
        return []
    at_home = SipDevice.objects.filter(home=call.home_id, kind__in=SipDevice.RUNG).order_by()
    owners = set(at_home.values_list("person", flat=True))
    stations: list[Person | None] = [None] if None in owners else []
    return actions.lines(call, Via.SIP, [*(one for one in people if one.pk in owners), *stations])


@receiver(signals.taken)
def _taken(call: Call, ring: Ring, **_: Any) -> None:
    """Whoever answered elsewhere stops the devices' ringing."""
    if ring.via not in (Via.SIP, Via.PHONE):
        found = Dialog.objects.filter(call=call).values_list(*_Marks._fields).first()
        _stop_later(found)


@receiver(signals.over)
def _over(call: Call, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [call.pk])
        _stop_later(cursor.fetchone())


_FORGET = "delete from sip_dialog where call_id = %s returning name, caller_tag, cseq, answering_tag"


class _Marks(NamedTuple):
    """Of a dialog, what Kamailio knows it by."""

    name: str
    caller_tag: str
    cseq: int
    answering_tag: str


def _stop_later(found: tuple[Any, ...] | None) -> None:  # Any: a row
    """When this transaction has ended: Kamailio's hooks must find what it wrote."""
    if found is not None:
        transaction.on_commit(lambda: _stop(_Marks(*found)))


def _stop(dialog: _Marks) -> None:
    if dialog.answering_tag:
        kamailio.end(dialog.name, dialog.caller_tag, dialog.answering_tag)
    else:
        kamailio.tell("tm.cancel", dialog.name, str(dialog.cseq))


@receiver(membership_changed)
def _moved(person: UUID, **_: Any) -> None:
    """Devices ring for homes where one lives, and for no other."""
    with scope.platform():
        homes = set(Member.objects.lasting().filter(person=person).values_list("home", flat=True))
        devices.revoke(one for one in SipDevice.objects.filter(person=person) if one.home_id not in homes)
        telephones.forget_moved(person)


@receiver([password_changed, password_reset, password_set])
def _new_password(user: Person, **_options: Any) -> None:  # Any: the signal's own arguments
    """A new password ends what somebody who held this person's phone, or knew the former one, has added."""
    text = _("您的密码已更改，原有软电话已全部移除，不再响铃，也不能开门。需要时请到“来电 → 话机与软电话”重新添加。")
    _end(user, text)


@receiver(signed_out)
def _signed_out(person: Person, browser: bytes, **_options: Any) -> None:
    """What was added on a browser goes with the sign-in there."""
    text = _(
        "您已退出登录，在那台设备上添加的软电话随之移除，不再响铃，也不能开门。需要时请到“来电 → 话机与软电话”重新添加。"
    )
    _end(person, text, browser=browser)


@transaction.atomic
def _end(person: Person, why: Promise, **which: bytes) -> None:
    """End softphones of this person, and tell them why."""
    with scope.platform():
        mine = list(SipDevice.objects.filter(person=person, **which))
        for one in mine:
            audit.record(AuditEntry.Action.DELETE, one, actor=person.pk, subject=person.pk, reason="sip_removed")
        devices.revoke(mine)
    if mine:
        with notices.language_of(person):
            notices.tell(person, Notice.Kind.SECURITY, str(_("软电话已移除")), str(why))


@consent.before_erasure(INTERCOM)
def _forget(person: UUID) -> None:
    """Registrations end with the rows that allowed them."""
    devices.drop(SipDevice.objects.filter(person=person).values_list("username", flat=True))


@consent.on_restriction(INTERCOM)
def _halt(person: UUID) -> None:
    """Kept and not used: the server sees these devices no more, nor do they stay registered."""
    devices.drop(SipDevice.objects.filter(person=person).values_list("username", flat=True))
