"""Waiting for what a running system does by itself."""

import time
from collections.abc import Callable

from anju.site.tour.resident import Unexpected


def wait_for(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it holds. Raises Unexpected."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise Unexpected(f"waited {seconds:.0f} s for: {what}")
        time.sleep(0.1)
