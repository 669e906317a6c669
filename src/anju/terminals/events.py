"""What terminals report becomes entries like any gate's: counted once, somebody's own only when they agreed to it."""

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from anju.access import entries
from anju.bus import subjects
from anju.terminals.isapi import Event
from anju.terminals.models import Known, Terminal

_SAME = UUID("6f8a3f7e-2d0a-4c0e-9d53-0d2b1c9a7e11")
"""An event that is sent twice gets the same id: made from the terminal and its own number of it."""


def entry(terminal: Terminal, event: Event) -> tuple[str, bytes]:
    """As a gate of ours would have sent it."""
    said = {
        "id": str(uuid.uuid5(_SAME, f"{terminal.pk}-{terminal.generation}-{event.serial}")),
        "at": event.at.isoformat(),
        "grant": None,
        "holder": _uuid(event.holder),
        "way": "card",
        "result": "granted" if event.granted else "refused",
        "reason": "card_ok" if event.granted else "card_unknown",
        "score": None,
        "second": None,
        "offset_ms": 0,
    }
    return f"entries.{terminal.gate_id}", json.dumps(said).encode()


def _uuid(holder: str | None) -> str | None:
    """A terminal may leave the dashes out; a name that is none of ours is nobody's."""
    try:
        return str(UUID(holder)) if holder else None
    except ValueError:
        return None


def take(terminal: Terminal, events: Iterable[Event]) -> int:
    """Write them down. Returns how many were new."""
    return entries.store([entry(terminal, one) for one in events])


def read(said: Any) -> Event:  # Any: JSON from outside
    """An event in our own words, as MQTT and push terminals say it (docs/terminals.md). Raises ValueError."""
    try:
        at = datetime.fromisoformat(said["at"])
        if at.tzinfo is None or type(said["granted"]) is not bool or type(said["serial"]) is not int:
            raise ValueError("no event")
        return Event(said["serial"], at, said.get("holder"), said.get("card"), said["granted"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no event") from error


@entries.translator("terminals")
def _translate(subject: str, data: bytes) -> tuple[str, bytes] | None:
    """An event that came over MQTT. None: of no terminal of ours. Raises ValueError."""
    terminal = Terminal.objects.filter(pk=subjects.gate_of(subject), protocol=Terminal.Protocol.MQTT).first()
    return None if terminal is None else entry(terminal, read(json.loads(data)))


@entries.holders
def _known(gates: list[UUID], holders: list[UUID]) -> list[tuple[UUID, UUID, UUID]]:
    """Gate, holder, person: a terminal speaks only of those it was told about."""
    found = Known.objects.filter(terminal__gate__in=gates, holder__in=holders)
    return list(found.values_list("terminal__gate_id", "holder", "person_id"))
