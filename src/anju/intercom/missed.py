"""Calls that nobody took: whoever was meant hears of them afterwards, and may find what the visitor left."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.models import Home, Member
from anju.intercom import queries
from anju.intercom.models import Call, CallMessage, CallState
from anju.intercom.purposes import INTERCOM_MESSAGE
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

MOST_SOUND = 300_000
KINDS = ("audio/webm", "audio/ogg", "audio/mp4", "audio/wav")
LEAVE_WITHIN = timedelta(minutes=3)
_UNANSWERED = (CallState.MISSED, CallState.REFUSED, CallState.BUSY)


def tell(call: Call, people: Iterable[Person]) -> None:
    """Put an unanswered call into these persons' lists."""
    if call.home is None:
        return
    facts = {"gate": call.gate.name, "home": call.home.label}
    for one in people:
        with notices.language_of(one):
            text = _("有人在%(gate)s呼叫%(home)s，无人接听。可在“呼叫记录”里查看当时的照片。") % facts
            notices.tell(one, Notice.Kind.CALL, _("未接来电"), text)


def accepts_messages(home: Home) -> bool:
    """Whether anybody of this home wants to hear what visitors leave."""
    living = Member.objects.living().filter(home=home, person__is_active=True, person__child__isnull=True)
    return bool(consent.agreeing(set(living.values_list("person_id", flat=True)), INTERCOM_MESSAGE))


@transaction.atomic
def leave_message(gate: UUID, call: UUID, kind: str, sound: bytes) -> None:
    """A visitor whom nobody answered has said something for the home. Raises Refused."""
    if kind not in KINDS or not 0 < len(sound) <= MOST_SOUND:
        raise Refused("bad_message", _("留言太长或格式不支持，请重录一段 20 秒以内的留言。"))
    with scope.platform():
        found = Call.objects.select_for_update(of=("self",)).select_related("gate", "home__unit__building")
        call_ = found.filter(pk=call, gate=gate, home__isnull=False, visitor__isnull=False).first()
        if call_ is None or call_.home is None or call_.visitor is None:
            raise queries.unknown()
        fresh = call_.ended_at is not None and call_.ended_at > timezone.now() - LEAVE_WITHIN
        if call_.state not in _UNANSWERED or not fresh or CallMessage.objects.filter(call=call_).exists():
            raise Refused("no_message_now", _("现在不能留言，请重新呼叫。"), status=409)
        if not accepts_messages(call_.home):
            raise Refused("no_messages_here", _("这户没有开通访客留言。"), status=409)
        vault().admit(call_.visitor)
        CallMessage.objects.create(
            call=call_, community_id=call_.community_id, visitor=call_.visitor, sound=sound, kind=kind
        )
        _tell_of_message(call_, call_.home)


def _tell_of_message(call: Call, home: Home) -> None:
    living = Member.objects.living().filter(home=home, person__is_active=True, person__child__isnull=True)
    people = {one.person_id: one.person for one in living.select_related("person")}
    for person in consent.agreeing(set(people), INTERCOM_MESSAGE):
        with notices.language_of(people[person]):
            text = _("有访客在%(gate)s给%(home)s留了言，7 天内可在“呼叫记录”里收听。")
            notices.tell(
                people[person],
                Notice.Kind.CALL,
                _("访客留言"),
                text % {"gate": call.gate.name, "home": home.label},
            )
    notices.announce_all(
        notices.News(f"person.{one}", "call", {"id": str(call.pk), "state": call.state}) for one in people
    )


def message(person: Person, call: UUID) -> CallMessage:
    """What a visitor left for a home of this person. Raises Refused."""
    found = queries.call(person, call)
    consent.require(person.pk, INTERCOM_MESSAGE)
    with scope.community(found.community_id):
        left = CallMessage.objects.filter(call=found).first()
    if left is None:
        raise Refused("no_message", _("这次呼叫没有留言，或留言已被删除。"), status=404)
    return left


def forget_message(person: Person, call: UUID) -> None:
    """Delete what a visitor left. Raises Refused."""
    left = message(person, call)
    with scope.community(left.community_id):
        left.delete()
