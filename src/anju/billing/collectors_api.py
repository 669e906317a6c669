"""Where collectors report what meters show. Each shows its key; it speaks for its community's meters and nobody else's."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from ninja.security import HttpBearer

from anju.billing import collectors, reported
from anju.billing.models import Collector
from anju.billing.reported import Received, Sent
from anju.people.limits import Each
from anju.privacy.refusals import Refused

MOST = 500
"""Readings in a batch."""
MOST_BYTES = 256 * 1024
MOST_A_MINUTE = 60


class ByKey(HttpBearer):
    """The collector's key, which the console has shown once."""

    def authenticate(self, request: HttpRequest, token: str) -> Collector:
        found = collectors.by_key(token) if len(token) < 100 else None
        if found is None:
            raise Refused("bad_key", _("采集器的密钥不对或已更换，请在控制台核对。"), status=401)
        if len(request.body) > MOST_BYTES:
            text = _("一次最多 %(count)s 条读数、%(size)s KB，请分批上报。")
            raise Refused("too_large", text % {"count": MOST, "size": MOST_BYTES // 1024}, status=413)
        return found


def _collector(request: HttpRequest) -> Collector:
    """Whose key it is; the router's door has seen to it that there is one."""
    return cast(Collector, cast(Any, request).auth)  # Any: ninja puts it there


def _whose(request: HttpRequest) -> UUID:
    return _collector(request).pk


router = Router(tags=["meters"], auth=ByKey(), throttle=[Each("meters", MOST_A_MINUTE, _whose)])


class ReportedIn(Schema):
    """id: the collector's own for this reading; sent twice, it is taken once. meter: the number on the meter.

    value: what it shows, in its own unit, as text. at: when, with the zone.
    """

    id: str = Field(min_length=1, max_length=64)
    meter: str = Field(max_length=40)
    value: str = Field(max_length=20)
    at: str = Field(max_length=40)


class ReportIn(Schema):
    readings: list[ReportedIn] = Field(min_length=1, max_length=MOST)


class ReportedOut(Schema):
    """code, text: why it was refused, or waits for a person."""

    id: str
    result: Received
    code: str
    text: str


class ReportOut(Schema):
    """In the order in which they were sent."""

    readings: list[ReportedOut]


@router.post("/meters/readings", response=ReportOut)
def report(request: HttpRequest, data: ReportIn) -> ReportOut:
    """What meters show. Send a batch again when no answer came: nothing is taken twice. What was refused is judged anew."""
    sent = [Sent(one.id, one.meter, one.value, one.at) for one in data.readings]
    answers = reported.take(_collector(request), sent)
    pairs = zip(sent, answers, strict=True)
    return ReportOut(
        readings=[ReportedOut(id=one.id, result=how.outcome, code=how.code, text=how.text) for one, how in pairs]
    )
