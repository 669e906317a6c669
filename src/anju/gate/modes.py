"""How this gate is run: normally, locked so that nothing opens, or standing open for everybody."""

import json
from enum import StrEnum
from typing import Any

import structlog

from anju.gate.door import Door
from anju.gate.store import Store

log = structlog.get_logger()


class Mode(StrEnum):
    """LOCKED: only the platform's staff open. FREE: the door stands open, for a fire."""

    NORMAL = "normal"
    LOCKED = "locked"
    FREE = "free"


def read(said: Any) -> tuple[Mode, int]:  # Any: JSON from outside
    """A mode and its number: of two the higher counts, however late it comes. Raises ValueError."""
    try:
        mode, number = Mode(said["mode"]), said["number"]
    except (KeyError, TypeError) as error:
        raise ValueError("no mode") from error
    if type(number) is not int or number < 0:
        raise ValueError("a mode's number is a whole number")
    return mode, number


class Modes:
    """Kept in the gate's store: what was ordered before a power cut holds after it."""

    def __init__(self, store: Store, door: Door) -> None:
        self._store = store
        self._door = door
        kept = store.mode()
        self.now, self.number = read(json.loads(kept)) if kept else (Mode.NORMAL, 0)
        if self.now is Mode.FREE:
            door.hold(True)

    def follow(self, mode: Mode, number: int) -> bool:
        """Be run so from now on, unless something newer was ordered. Returns whether this holds now."""
        if number <= self.number:
            return mode is self.now
        self._store.keep_mode(json.dumps({"mode": mode, "number": number}))
        self.now, self.number = mode, number
        self._door.hold(mode is Mode.FREE)
        log.info("mode", mode=mode)
        return True
