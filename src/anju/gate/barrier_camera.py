"""Fetching pictures from a barrier's camera: every so often, and at once when a car is noticed."""

import asyncio
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
import structlog

from anju.gate.barrier import Barrier
from anju.recognition.pictures import MOST_BYTES, BadPicture

log = structlog.get_logger()
EVERY = 1.0
"""Seconds between two pictures."""
PATIENCE = 3.0
"""Seconds for a picture to come."""


class Camera:
    """A camera that gives a picture for a GET, as nearly all do; with a name and password in its address, also by digest."""

    def __init__(self, address: str, barrier: Barrier) -> None:
        parts = urlsplit(address)
        self._auth = (
            httpx.DigestAuth(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        )
        self._address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._barrier = barrier
        self._wanted = asyncio.Event()
        self._is_down = False

    def look(self) -> None:
        """Fetch a picture now."""
        self._wanted.set()

    async def watch(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(timeout=PATIENCE, auth=self._auth, trust_env=False) as client:
            while True:
                await self._picture(client)
                try:
                    await asyncio.wait_for(self._wanted.wait(), EVERY)
                except TimeoutError:
                    continue
                finally:
                    self._wanted.clear()

    async def _picture(self, client: httpx.AsyncClient) -> None:
        """A camera that is away is said once, not each second; its address, which may hold a password, is never logged."""
        try:
            await self._barrier.see(await self._fetch(client))
        except (httpx.HTTPError, BadPicture) as error:
            if not self._is_down:
                log.warning("barrier_camera_down", error=type(error).__name__)
            self._is_down = True
            return
        if self._is_down:
            log.info("barrier_camera_back")
        self._is_down = False

    async def _fetch(self, client: httpx.AsyncClient) -> bytes:
        """Raises httpx.HTTPError."""
        data = bytearray()
        async with client.stream("GET", self._address) as answer:
            answer.raise_for_status()
            async for piece in answer.aiter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    break
        return bytes(data)
