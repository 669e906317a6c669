"""What actually opens."""

import asyncio
import subprocess
from typing import Protocol

import structlog

log = structlog.get_logger()


class Door(Protocol):
    """Opens for a while and closes by itself."""

    @property
    def is_open(self) -> bool: ...

    def open(self) -> None:
        """Open now; opening an open door keeps it open longer. Must return at once."""
        ...


class SimulatedDoor:
    """A door without hardware: for the demo and for tests."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return asyncio.get_running_loop().time() < self._until

    def open(self) -> None:
        self._until = asyncio.get_running_loop().time() + self._seconds


class CommandDoor(SimulatedDoor):
    """Opens by running the operator's own program (a GPIO pin, a relay board); it gets the seconds as its argument."""

    def __init__(self, seconds: float, program: str) -> None:
        super().__init__(seconds)
        self._program = program

    def open(self) -> None:
        super().open()
        try:
            subprocess.Popen([self._program, str(self._seconds)], stdin=subprocess.DEVNULL)
        except OSError as error:
            log.error("door_program_failed", program=self._program, error=type(error).__name__)
