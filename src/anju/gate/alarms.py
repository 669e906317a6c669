"""What staff must hear of although nobody asked to come in: a door forced or left open, a case opened, a disk that is full.

An alarm is stored like an entry and sent like one, so that none is lost while the gate is alone.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import structlog
from uuid6 import uuid7

from anju.gate.brain import Brain
from anju.gate.modes import Mode

log = structlog.get_logger()

HELD_SECONDS = 30.0
"""So long a door may stand open after it should have closed."""
GRACE_SECONDS = 3.0
"""A door that was let go late by the lock is not forced."""
EXIT_SECONDS = 10.0
"""After the button inside was pressed."""
TICK = 0.5
LONGEST_PAUSE = 60.0


class Alarm(StrEnum):
    """What a gate notices by itself."""

    HELD_OPEN = "held_open"
    FORCED = "forced"
    TAMPER = "tamper"
    STORE = "store"


class Alarms:
    """Which alarms are on, kept in the store; each beginning and end is an entry of its own."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self.on = set(brain.store.alarms())

    def set(self, alarm: Alarm, on: bool) -> None:
        """Say that it is on, or over. Said again, it changes nothing."""
        if on == (alarm in self.on):
            return
        self.on ^= {alarm}
        log.warning("alarm", alarm=alarm, on=on)
        brain = self._brain
        brain.store.add_entry(
            {"id": str(uuid7()), "at": brain.clock.read().now.isoformat(), "alarm": alarm, "on": on},
        )
        if alarm is not Alarm.STORE:
            brain.store.keep_alarms(sorted(self.on))
        brain.on_entry()


@dataclass
class DoorWatch:
    """Compares what the door's contact says with what the door was told. Times are monotonic seconds."""

    alarms: Alarms
    brain: Brain
    _open_since: float | None = None
    _let_until: float = float("-inf")

    def contact(self, is_open: bool, now: float) -> None:
        """The door has been opened or closed."""
        if not is_open:
            self._open_since = None
            self.alarms.set(Alarm.FORCED, False)
            self.alarms.set(Alarm.HELD_OPEN, False)
            return
        self._open_since = now
        if not self._may_stand_open(now):
            self.alarms.set(Alarm.FORCED, True)

    def exit(self, now: float) -> None:
        """Somebody inside pressed the button."""
        self._let_until = now + EXIT_SECONDS

    def tamper(self, on: bool) -> None:
        self.alarms.set(Alarm.TAMPER, on)

    def look(self, now: float) -> None:
        """Called often: how long does it stand open, can the store write?"""
        if self.brain.door.is_open:
            self._let_until = max(self._let_until, now + GRACE_SECONDS)
        too_long = self._open_since is not None and now - max(self._open_since, self._let_until) > HELD_SECONDS
        self.alarms.set(Alarm.HELD_OPEN, too_long and self.brain.modes.now is not Mode.FREE)
        self.brain.store.settle()
        self.alarms.set(Alarm.STORE, self.brain.store.health != "ok")

    def _may_stand_open(self, now: float) -> bool:
        return self.brain.door.is_open or now <= self._let_until


async def keep_watch(watch: DoorWatch) -> None:
    """Until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        watch.look(loop.time())
        await asyncio.sleep(TICK)


async def listen(program: str, watch: DoorWatch) -> None:
    """Read what the operator's own program says of the door, one line a change, until cancelled; start it again when it ends.

    Lines: `open`, `closed`, `exit`, `tamper`, `whole`.
    """
    loop = asyncio.get_running_loop()
    pause = 1.0
    while True:
        began = loop.time()
        try:
            process = await asyncio.create_subprocess_exec(
                program, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
            )
        except OSError as error:
            log.error("sensor_program_missing", program=program, error=type(error).__name__)
        else:
            try:
                while process.stdout and (line := await process.stdout.readline()):
                    hear(line.decode(errors="replace").strip(), watch, loop.time())
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()
            log.error("sensor_program_ended", program=program, code=process.returncode)
        pause = 1.0 if loop.time() - began > 60 else min(2 * pause, LONGEST_PAUSE)
        await asyncio.sleep(pause)


def hear(line: str, watch: DoorWatch, now: float) -> None:
    """One line of the sensors' program."""
    if line in ("open", "closed"):
        watch.contact(line == "open", now)
    elif line == "exit":
        watch.exit(now)
    elif line in ("tamper", "whole"):
        watch.tamper(line == "tamper")
    else:
        log.warning("sensor_nonsense", line=line[:40])
