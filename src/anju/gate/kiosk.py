"""The kiosk page's socket: frames and codes in, what to show out.

Served by the gate, so it needs no platform.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from anju import __version__
from anju.gate.approach import Answer, Approach, answer
from anju.gate.barrier import Verdict
from anju.gate.brain import Brain
from anju.gate.calls import Calls
from anju.gate.eyes import Eyes, Sight
from anju.gate.identity import Identity
from anju.gate.link import Link
from anju.gate.modes import Mode
from anju.recognition.advice import Text

MOST_FRAME = 2 * 1024 * 1024
BUSY_AFTER = 0.3
"""Seconds somebody waits for news from the platform before the screen says so."""
STATUS_SECONDS = 1.0

Said = dict[str, Any]
"""A message to the page (docs/gate-protocol.md)."""


@dataclass(eq=False)
class Page:
    """One open kiosk page: its camera's newest frame, who stands before it, and what it is to be told."""

    approach: Approach
    frame: bytes | None = None
    come: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Queue[Said] = field(default_factory=asyncio.Queue)
    aloud: Callable[[Text], None] | None = None
    """The gate's own loudspeaker; None: the page speaks."""

    def show(self, what: Answer) -> None:
        """Tell the page what to show."""
        if what.say and self.aloud is not None:
            self.aloud(what.text)
        said = {"state": what.state, "code": what.code, "box": what.box, "say": what.say and self.aloud is None}
        self.told.put_nowait({"type": "frame", "zh": what.text.zh, "en": what.text.en, **said})


class Kiosk:
    """What pages with a camera and a screen see of this gate.

    Frames are judged in one thread, one after another.
    """

    def __init__(self, identity: Identity, brain: Brain, link: Link) -> None:
        self._name = identity.name
        self._brain = brain
        self._link = link
        self._eyes = Eyes()
        self._worker = ThreadPoolExecutor(1, "eyes")
        self._pages: set[Page] = set()
        self.aloud: Callable[[Text], None] | None = None
        self._times: deque[tuple[float, float]] = deque(maxlen=1000)
        self._calls = Calls(brain, link.ask)
        link.on_opened = self.opened_remotely

    async def warm(self) -> None:
        """Load the models and the gallery, so that the first person does not wait for them."""
        self._brain.gallery()
        await asyncio.get_running_loop().run_in_executor(self._worker, self._eyes.warm)

    def close(self) -> None:
        """Judge no more frames."""
        self._worker.shutdown(cancel_futures=True)

    # the socket

    async def socket(self, socket: WebSocket) -> None:
        """/kiosk/ws"""
        origin = socket.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != socket.headers.get("host"):
            await socket.close()  # another site's page in the kiosk's browser
            return
        await socket.accept()
        page = Page(Approach(self._brain), aloud=self.aloud)
        self._pages.add(page)
        try:
            async with asyncio.TaskGroup() as tasks:
                serving = [
                    tasks.create_task(work) for work in (self._judge(page), self._status(page), _tell(page, socket))
                ]
                await self._listen(page, socket)
                for task in serving:
                    task.cancel()
        finally:
            self._pages.discard(page)
            self._calls.gone(page)

    async def _listen(self, page: Page, socket: WebSocket) -> None:
        """Until the page goes. A frame that comes while another is judged replaces the one that waits."""
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            if (frame := message.get("bytes")) is not None:
                page.frame = frame
                page.come.set()
                continue
            said = _read(message.get("text") or "")
            if isinstance(permit := said.get("permit"), str):
                await self._link.news.wait()
                page.show(page.approach.code(permit, time.monotonic()))
            elif "call" in said:
                self._calls.hear(page, said["call"])

    async def _judge(self, page: Page) -> None:
        while True:
            await page.come.wait()
            page.come.clear()
            frame, page.frame = page.frame, None
            if frame is not None:
                page.show(await self.see(page.approach, frame))

    async def _status(self, page: Page) -> None:
        while True:
            page.told.put_nowait({"type": "status", "name": self._name, **self._state()})
            await asyncio.sleep(STATUS_SECONDS)

    def opened_remotely(self) -> None:
        """Show and say on every page that the door is open."""
        for page in self._pages:
            page.show(page.approach.remote(time.monotonic()))

    def judged_car(self, verdict: Verdict) -> None:
        """Show and say what the barrier has decided."""
        self._tell_all(Answer("granted" if verdict.open else "refused", verdict.code, verdict.text, say=True))

    def no_lift(self) -> None:
        """Whoever has just been let in has to press their floor by hand."""
        self._tell_all(answer("granted", "lift_failed", say=True))

    def _tell_all(self, what: Answer) -> None:
        """On every page; a barrier often has a loudspeaker and no page at all."""
        for page in self._pages:
            page.show(what)
        if not self._pages and self.aloud is not None:
            self.aloud(what.text)

    # frames

    async def see(self, approach: Approach, frame: bytes) -> Answer:
        """Judge a frame of this approach. What is no picture shows nothing."""
        if not await self._link.news.wait(BUSY_AFTER):
            return answer("wait", "busy")
        began = time.perf_counter()
        sight = Sight()
        if len(frame) <= MOST_FRAME and self._brain.modes.now is Mode.NORMAL:
            wants_code = partial(approach.wants_code, now=time.monotonic())
            look = partial(self._eyes.look, frame, self._brain.gallery(), wants_code)
            sight = await asyncio.get_running_loop().run_in_executor(self._worker, look)
        looked = time.perf_counter()
        shown = approach.see(sight, time.monotonic())
        if sight.clear:
            decided = self._brain.decided if self._brain.decided > looked else time.perf_counter()
            self._times.append((sight.networks, decided - began - sight.networks))
        return shown

    # health

    def _state(self) -> Said:
        return {
            "online": self._link.connected,
            "door": "open" if self._brain.door.is_open else "closed",
            "mode": self._brain.modes.now,
            "now": self._brain.clock.read().now.isoformat(),
        }

    def health(self) -> Said:
        """How the gate is: counts and times only."""
        return {
            "ok": True,
            "version": __version__,
            **self._state(),
            **self._brain.counts,
            "milliseconds": self.times(),
        }

    def times(self) -> dict[str, float]:
        """How long the last frames with a clear face took.

        In the two networks, and in everything else up to the decision.
        """
        if not self._times:
            return {}
        networks, rest = (sorted(column) for column in zip(*self._times, strict=True))
        return {
            "networks_p50": 1000 * _share(networks, 0.5),
            "rest_p50": 1000 * _share(rest, 0.5),
            "rest_p99": 1000 * _share(rest, 0.99),
        }


async def _tell(page: Page, socket: WebSocket) -> None:
    while True:
        said = await page.told.get()
        try:
            await socket.send_json(said)
        except (WebSocketDisconnect, RuntimeError):
            return  # it has gone; listening to it ends as well


def _read(text: str) -> Said:
    """What the page says; nothing when it makes no sense."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
