"""How much one signed-in person may ask of a process: nobody may use up what all share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.cache import caches
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.throttling import BaseThrottle

from anju.people.models import subject_of
from anju.privacy.refusals import Refused


class Each(BaseThrottle):
    """At most so many requests of a person a minute, counted in this process. whose: who asks; the signed-in person unless said."""

    def __init__(
        self, what: str, most: int, whose: Callable[[HttpRequest], UUID] = lambda request: subject_of(request.user)
    ) -> None:
        self._what = what
        self._most = most
        self._whose = whose

    def allow_request(self, request: HttpRequest) -> bool:
        cache, key, now = caches["process"], f"{self._what}:{self._whose(request)}", time.monotonic()
        lately = [at for at in cache.get(key, []) if at > now - 60]
        if len(lately) >= self._most:
            return False
        cache.set(key, [*lately, now], 60)
        return True


_waiting: set[UUID] = set()


@contextmanager
def one_at_a_time(person: UUID) -> Iterator[None]:
    """For what makes a thread wait for somebody else's answer. Raises Refused while this person waits already."""
    if person in _waiting:
        raise Refused("too_many", _("上一次请求还没有完成，请稍候。"), status=429)
    _waiting.add(person)
    try:
        yield
    finally:
        _waiting.discard(person)
