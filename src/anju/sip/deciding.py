"""What is decided about calls: who rings, whose call it is, that it has ended. Several processes answer, which share the database alone."""

from collections.abc import Callable, Iterable
from typing import Any

from anju.sip import asking, calls, place, sleeping
from anju.sip.asking import Asked, Said


def _route(asked: Asked) -> Said:
    invite = calls.Invite(
        device=asked["device"],
        to=asked["to"],
        call=asked.get("call", ""),
        name=asked["dialog"],
        tag=asked["tag"],
        cseq=int(asked["cseq"]),
    )
    found = calls.route(invite)
    rung = [f"sip:t{one}@{place.line()}" for one in found.telephones]
    return {"code": found.code, "targets": found.targets, "telephones": rung, "stays": int(found.stays)}


def _sleeps(asked: Asked) -> Said:
    return {"capabilities": sleeping.registers(asked["device"], asked["contact"], asked.get("expires", ""))}


def _answered(asked: Asked) -> Said:
    calls.answered(asked["dialog"], asked["caller"], asked["tag"], asked.get("device", ""))
    return {}


def _ended(asked: Asked) -> Said:
    calls.ended(asked["dialog"], asked["caller"], asked.get("tag", ""), asked.get("device", ""))
    return {}


def _declined(asked: Asked) -> Said:
    calls.declined(asked["dialog"], asked["caller"], asked["device"])
    return {}


def _failed(asked: Asked) -> Said:
    calls.failed(asked["dialog"], asked["caller"], int(asked.get("code") or 0))
    return {}


QUESTIONS: asking.Questions = {
    "/route": _route,
    "/sleeps": _sleeps,
    "/answered": _answered,
    "/ended": _ended,
    "/declined": _declined,
    "/failed": _failed,
    "/health": lambda _: {},
}
_STATUS = {200: "200 OK", 400: "400 Bad Request", 403: "403 Forbidden", 500: "500 Internal Server Error"}


def application(
    environ: dict[str, Any],  # Any: WSGI's own
    start_response: Callable[[str, list[tuple[str, str]]], object],
) -> Iterable[bytes]:
    """WSGI (PEP 3333)."""
    secret = str(environ.get(f"HTTP_{asking.HEADER.upper().replace('-', '_')}", ""))
    status, said = asking.answer(QUESTIONS, str(environ["PATH_INFO"]), str(environ.get("QUERY_STRING", "")), secret)
    body = asking.written(said)
    start_response(_STATUS[status], [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
