"""What time it is at this gate.

Its own clock may be wrong; the platform's is what counts (docs/gate-protocol.md).
"""

import time
from datetime import UTC, datetime, timedelta

from anju.gate.store import Store
from anju.grants.decision import Clock

_SLACK = timedelta(seconds=2)


class GateClock:
    """The platform's time as far as this gate knows, also without a network.

    Once the platform told the time, it is carried on by a clock that nobody can set. After a restart without
    a network the machine's own clock and the last known difference must do - unless that clock shows a time
    already past: then it has lost its battery, and only what needs no time may open.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = timedelta(seconds=store.clock_offset())
        self._told: tuple[datetime, float] | None = None

    def read(self) -> Clock:
        """The time now, and whether to rely on it."""
        if self._told is not None:
            told, at = self._told
            return Clock(told + timedelta(seconds=_since_boot() - at))
        now = datetime.now(UTC) + self._offset
        known = self._store.clock_known()
        if known is None:
            return Clock(now, sure=False)
        return Clock(max(now, known), sure=now >= known - _SLACK)

    @property
    def offset_ms(self) -> int:
        """How far the platform's time is ahead of this machine's."""
        return round((self.read().now - datetime.now(UTC)).total_seconds() * 1000)

    def set(self, platform_now: datetime, halfway: timedelta) -> None:
        """Learn the platform's time; `halfway` is half of how long the answer took."""
        now = platform_now + halfway
        self._told = now, _since_boot()
        self._store.set_clock(now, (now - datetime.now(UTC)).total_seconds())


def _since_boot() -> float:
    """Seconds; goes on while the machine sleeps, and nobody can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
