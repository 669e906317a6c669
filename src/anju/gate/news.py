"""Whether what the platform said while the gate was away has been taken in."""

import asyncio

import structlog

log = structlog.get_logger()

MOST_SECONDS = 5.0
"""Then the gate decides by what it knows: somebody stands before the door."""


class News:
    """After a reconnection nothing is decided before what waited has been taken in.

    Without a connection there is nothing to wait for.
    """

    def __init__(self) -> None:
        self._taken = asyncio.Event()
        self._taken.set()
        self._until = 0.0

    @property
    def expected(self) -> bool:
        """Whether something may still wait."""
        return not self._taken.is_set()

    def expect(self) -> None:
        """A connection has come up: something may wait."""
        self._taken.clear()
        self._until = asyncio.get_running_loop().time() + MOST_SECONDS

    def taken(self) -> None:
        """Nothing waits any more, or the connection is gone."""
        self._taken.set()

    async def wait(self, seconds: float = MOST_SECONDS) -> bool:
        """Wait so long at most. Returns whether the gate may decide."""
        if self._taken.is_set():
            return True
        left = self._until - asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(self._taken.wait(), min(seconds, left))
        except TimeoutError:
            if left > seconds:
                return False
            log.warning("deciding_without_news")
            self._taken.set()
        return True
