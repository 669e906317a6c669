"""A server that a benchmark starts for itself."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx

SECONDS = 60


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], url: str) -> Iterator[None]:
    """Run it until the block ends; the block begins when `url` answers anything at all."""
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                httpx.get(url, timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)
