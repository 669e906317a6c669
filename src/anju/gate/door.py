"""What actually opens."""

import asyncio
from typing import Protocol

import structlog

log = structlog.get_logger()


class Door(Protocol):
    """Opens for a while and closes by itself."""

    @property
    def is_open(self) -> bool:
        """Whether it still stands open."""
        ...

    def open(self) -> None:
        """Open now; opening an open door keeps it open longer. Must return at once."""
        ...

    def hold(self, on: bool) -> None:
        """Let it stand open until told otherwise. Must return at once."""
        ...


class SimulatedDoor:
    """A door without hardware: for the demo and for tests."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = float("-inf")
        self._held = False

    @property
    def is_open(self) -> bool:
        return self._held or asyncio.get_running_loop().time() < self._until

    def open(self) -> None:
        self._until = asyncio.get_running_loop().time() + self._seconds

    def hold(self, on: bool) -> None:
        self._held = on


class CommandDoor(SimulatedDoor):
    """Opens by running the operator's own program: a GPIO pin, a relay board.

    It gets as its argument the seconds, or `hold` to let the door stand open and `release` to end that.
    """

    def __init__(self, seconds: float, program: str) -> None:
        super().__init__(seconds)
        self._program = program
        self._running: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        super().open()
        self._start(str(self._seconds))

    def hold(self, on: bool) -> None:
        if on != self._held:
            self._start("hold" if on else "release")
        super().hold(on)

    def _start(self, argument: str) -> None:
        running = asyncio.ensure_future(self._run(argument))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _run(self, argument: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(self._program, argument, stdin=asyncio.subprocess.DEVNULL)
        except OSError as error:
            log.error("door_program_missing", program=self._program, error=type(error).__name__)
            return
        code = await process.wait()
        if code:
            log.error("door_program_failed", program=self._program, code=code)
