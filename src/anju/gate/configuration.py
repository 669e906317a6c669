"""Fetching what the platform has set this gate to, at each connection and whenever it says that something changed."""

import asyncio
import json

import structlog
from nats.aio.client import Client

from anju.gate.brain import Brain
from anju.gate.identity import Identity
from anju.grants import encoding
from anju.grants.sealing import Unsealable, unseal

log = structlog.get_logger()
AT_LEAST_EVERY = 3600.0
"""Seconds: a word that something changed may get lost."""


class Configuration:
    """Lives as long as one connection to the bus."""

    def __init__(self, identity: Identity, brain: Brain, bus: Client) -> None:
        self.stale = asyncio.Event()
        self._identity = identity
        self._brain = brain
        self._bus = bus

    async def follow(self) -> None:
        """Ask now and after each change until cancelled. Raises nats.errors.Error."""
        while True:
            self.stale.clear()
            await self._ask()
            try:
                await asyncio.wait_for(self.stale.wait(), AT_LEAST_EVERY)
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        subject = f"ask.{self._identity.gate}.settings"
        answer = await self._bus.request(subject, b"{}", timeout=5)
        if not self._identity.trusts(subject, answer):
            log.warning("forged_settings_dropped")
            return
        try:
            sealed = encoding.decode(str(json.loads(answer.data)["sealed"]))
            self._brain.set(unseal(self._identity.box, sealed, subject))
        except (Unsealable, ValueError, KeyError, TypeError) as error:
            log.warning("bad_settings_dropped", error=type(error).__name__)
