"""Where terminals that speak HTTP report and ask: each request is signed, or comes from a device that we set up so."""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.terminals import events, isapi, keys, roster
from anju.terminals.models import Terminal

router = Router(tags=["terminals"])
FRESH = 300
"""Seconds either side of our time in which a signature holds."""
MOST_EVENTS = 500


def _terminal(number: UUID, *protocols: str) -> Terminal:
    with scope.platform():
        found = Terminal.objects.select_related("gate").filter(pk=number, protocol__in=protocols).first()
    if found is None:
        raise Refused("unknown_terminal", _("没有这台终端，请核对接入地址。"), status=404)
    return found


def _require_signature(request: HttpRequest, terminal: Terminal) -> None:
    """Raises Refused unless the terminal signed this request, lately: HMAC-SHA256 over method, path, time and body."""
    at, given = request.headers.get("X-Anju-Time", ""), request.headers.get("X-Anju-Signature", "")
    signed = f"{request.method}\n{request.path}\n{at}\n".encode() + request.body
    right = hmac.new(keys.push_key(terminal), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), given.encode()):
        raise Refused("bad_signature", _("签名不对，请核对终端的密钥。"), status=401)
    if not at.isdigit() or abs(time.time() - int(at)) > FRESH:
        raise Refused("stale_signature", _("请求时间与平台相差太多，请校准终端时间。"), status=401)


@router.post("/terminals/{number}/events", auth=None)
def report(request: HttpRequest, number: UUID) -> dict[str, int]:
    """Events of a push terminal: `{"events": [{"serial", "at", "holder", "card", "granted"}]}`. Sent twice they count once."""
    terminal = _terminal(number, Terminal.Protocol.PUSH)
    _require_signature(request, terminal)
    try:
        said: dict[str, Any] = json.loads(request.body)  # Any: JSON from outside
        found = [events.read(one) for one in said["events"][:MOST_EVENTS]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused("bad_events", _("内容无法识别，请核对终端的格式。"), status=422) from error
    return {"taken": len(found), "new": events.take(terminal, found)}


@router.get("/terminals/{number}/persons", auth=None)
def persons(request: HttpRequest, number: UUID) -> dict[str, Any]:
    """Whom a push terminal should know; it fetches this each minute and forgets everybody else."""
    terminal = _terminal(number, Terminal.Protocol.PUSH)
    _require_signature(request, terminal)
    return {"persons": [vars(one) for one in roster.everybody(terminal)]}


@router.post("/terminals/{number}/isapi/{token}", auth=None)
def isapi_event(request: HttpRequest, number: UUID, token: str) -> dict[str, int]:
    """What a Hikvision terminal posts to the address that we gave it; the address holds a secret, since the device cannot sign."""
    terminal = _terminal(number, Terminal.Protocol.ISAPI)
    if not hmac.compare_digest(token.encode(), isapi_token(terminal).encode()):
        raise Refused("bad_signature", _("签名不对，请核对终端的密钥。"), status=401)
    try:
        found = list(isapi.events(request.body, request.headers.get("Content-Type", "")))
    except (ValueError, RecursionError) as error:
        raise Refused("bad_events", _("内容无法识别，请核对终端的格式。"), status=422) from error
    return {"new": events.take(terminal, found)}


def isapi_token(terminal: Terminal) -> str:
    """The secret part of the address that a Hikvision terminal reports to."""
    return keys.push_key(terminal).hex()[:40]
