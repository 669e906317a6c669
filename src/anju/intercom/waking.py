"""Phones whose app is closed: woken for a call, and told when it is over. What goes to them names nobody and no home."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.intercom import queries
from anju.intercom.models import Call, CallState
from anju.notices import actions as notices
from anju.notices import push
from anju.people.models import Person
from anju.privacy.refusals import Text

PLACE = "/calls"
OVER_SHOWN = 600
"""Seconds in which what became of a call is still worth a phone's light."""


def ring(call: Call, people: Iterable[Person]) -> list[Person]:
    """Wake those who agree to it. Returns whose phones are."""
    text = gettext_lazy("点按查看门口画面并接听")
    return [one for one in people if _wake(call, one, "call", text, int(queries.RINGS.total_seconds()))]


def hush(call: Call, people: Iterable[Person]) -> None:
    """It rings no more: the notification gives way to what became of it."""
    answered = call.state in (CallState.ANSWERED, CallState.ENDED)
    text = gettext_lazy("已接听") if answered else gettext_lazy("呼叫已结束，可在“呼叫记录”里查看")
    for one in people:
        _wake(call, one, "over", text, OVER_SHOWN)


def _wake(call: Call, person: Person, kind: str, text: Text, seconds: int) -> int:
    with notices.language_of(person):
        return push.wake(
            person.pk,
            kind=kind,
            title=_("门口有人呼叫"),
            body=str(text),
            tag=f"call-{call.pk}",
            path=PLACE,
            seconds=seconds,
            urgent=True,
        )
