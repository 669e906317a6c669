"""What a gate is set to: each room that has something to say to gates registers it; a gate fetches the whole, sealed for it alone."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings

from anju.access import tags
from anju.access.models import Gate
from anju.grants import encoding, sealing
from anju.privacy import scope

OPEN_SECONDS = 5
_parts: dict[str, Callable[[Gate], Any]] = {}


def part(name: str) -> Callable[[Callable[[Gate], Any]], Callable[[Gate], Any]]:
    """Register what gates are told under this name: JSON, or None where there is nothing to say. Asked in the platform's scope."""

    def register(say: Callable[[Gate], Any]) -> Callable[[Gate], Any]:
        _parts[name] = say
        return say

    return register


def of(gate: Gate) -> dict[str, Any]:
    """Everything this gate is set to (docs/gate-protocol.md)."""
    said = {name: found for name, say in _parts.items() if (found := say(gate)) is not None}
    return {
        "name": gate.name,
        "kind": gate.kind,
        "direction": gate.direction,
        "open_seconds": OPEN_SECONDS,
        "time_zone": settings.TIME_ZONE,
        "mode": {"mode": gate.mode, "number": gate.mode_number},
        "tag_key": encoding.encode(tags.key(gate.pk)),
        **said,
    }


def sealed(gate_id: UUID, subject: str) -> bytes:
    """The settings as an answer on `subject`, sealed for this gate."""
    with scope.platform():
        gate = Gate.objects.get(pk=gate_id)
        said = json.dumps(of(gate)).encode()
    return json.dumps({"sealed": encoding.encode(sealing.seal(bytes(gate.box_key or b""), said, subject))}).encode()
