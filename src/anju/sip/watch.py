"""Whether each carrier is there: it is told where we are, where it wants to be, or asked (RFC 3261, 10 and 11)."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from anju.installation.ports import outer
from anju.sip import message, place, trunk
from anju.sip.models import Trunk

if TYPE_CHECKING:
    from anju.sip.line import Line

log = structlog.get_logger()
EVERY = 60.0
LASTS = 180
"""Seconds for which a carrier knows where we are: two that are lost do not matter."""
WAITS = 6.0
SILENT = 408
"""What is noted of a carrier that says nothing."""


async def watch(line: "Line") -> None:
    """Every minute, and as soon as the operator has changed something."""
    while True:
        try:
            trunks = await line.do(trunk.running)
            await asyncio.gather(*(_look(line, one) for one in trunks))
        except Exception as error:  # noqa: BLE001  such as a database that is restarted: the next minute is another one
            log.error("trunks_not_watched", error=type(error).__name__)
        await line.poked(EVERY)


async def _look(line: "Line", one: Trunk) -> None:
    try:
        status = await _asked(line, one, trunk.password(one))
    except ValueError:  # a password that does not open
        status = 401
    await line.do(trunk.noted, one.pk, status)


async def _asked(line: "Line", one: Trunk, password: str) -> int:
    """What it says: a status, SILENT when nothing."""
    method = "REGISTER" if one.registers else "OPTIONS"
    name, tag, address = message.mark(), message.mark(), f"sip:{one.host}"
    who = f"<sip:{one.user or one.number}@{one.host}>"
    more = [("Expires", str(LASTS))] if one.registers else []
    status = SILENT
    line.names(name, address, trunk.next_hop(one))
    try:
        for cseq in (1, 2):
            headers = [
                ("Via", f"SIP/2.0/UDP {line.here};branch={line.branch()}"), ("Max-Forwards", "70"),
                ("From", f"{who};tag={tag}"), ("To", who if one.registers else f"<{address}>"), ("Call-ID", name),
                ("CSeq", f"{cseq} {method}"), ("Contact", f"<sip:{one.user or one.number}@{place.address()}:{outer('sip')}>"), *more,
            ]  # fmt: skip
            said = await line.asked(name, message.write(f"{method} sip:line@{place.REALM} SIP/2.0", headers), WAITS)
            if said is None:
                return SILENT
            status, proof = said.status, None
            if status in (401, 407) and one.user:
                proof = message.proof(said, method, address, one.user, password)
            if proof is None:
                break
            more = [*more, proof]
        return status
    finally:
        line.forgets(name)
