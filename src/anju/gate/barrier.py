"""A barrier and its camera: pictures of cars in, open or not out. The picture is forgotten, and so is a plate that nobody here has."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from anju.gate.brain import Brain
from anju.gate.news import News
from anju.gate.texts import TEXTS
from anju.grants import plates
from anju.grants.decision import Decision, Reason
from anju.grants.grant import Grant, Way
from anju.recognition import pictures
from anju.recognition.advice import Text
from anju.recognition.plates import PlateReader, Read

LEAST = 0.8
"""A reading less sure than this never opens (benchmarks/plates.py)."""
SURE = 0.95
"""A reading so sure that is not a plate known here is another car's, however alike the two are."""
LEAST_WIDE = 70
"""Pixels; the characters of a smaller plate are guesses."""
GONE = 8.0
"""Seconds without a plate in view after which it has driven on: what comes then is a new try."""
AGAIN = 10.0
"""Seconds after which a barrier is raised again for a car that has not moved: somebody was looking for their glasses."""
UNCLEAR_PICTURES = 3
"""So many pictures in a row that cannot be read make a refusal; fewer are bad luck."""


@dataclass(frozen=True)
class Verdict:
    """What the barrier says. fresh: a new try, that was carried out just now."""

    code: str
    text: Text
    fresh: bool = False

    @property
    def open(self) -> bool:
        return self.code == Reason.PLATE_OK


def _verdict(code: str, *, fresh: bool = False) -> Verdict:
    return Verdict(code, TEXTS[code], fresh)


def is_clear(read: Read) -> bool:
    """Whether a reading counts at all: what does not never opens."""
    return bool(read.text) and read.confidence >= LEAST and read.wide >= LEAST_WIDE


def judge(brain: Brain, read: Read) -> Decision:
    """May this car come in? Nothing is opened yet.

    Grants are found by the form that a plate shares with those a camera takes it for: when they are of two plates, nobody
    knows which of them stands there. One plate may have several holders: it is one car that several expect.
    """
    if not is_clear(read):
        return Decision(False, Reason.PLATE_UNSURE)
    exact, alike = (brain.settings.tag(mark) for mark in plates.marks(read.text))
    found = _holding(brain, brain.marked(alike))
    known = [one for one in found if exact in one.marks]
    if len({one.marks for one in found}) > 1:
        return Decision(False, Reason.PLATE_UNSURE)
    if not known and read.confidence >= SURE:
        return Decision(False, Reason.PLATE_UNKNOWN)
    return brain.judge(found, Way.PLATE, Reason.PLATE_UNKNOWN)


def _holding(brain: Brain, found: list[Grant]) -> list[Grant]:
    """Those whose time it is: somebody expected next month casts no doubt on a neighbour today. All, when none holds or who knows."""
    clock = brain.clock.read()
    now = [one for one in found if one.since <= clock.now and (one.until is None or clock.now < one.until)]
    return now if now and clock.sure else found


class Barrier:
    """One lane. The same car standing there is one try, however many pictures are taken of it. Times are monotonic seconds."""

    def __init__(self, brain: Brain, news: News, told: Callable[[Verdict], None] = lambda verdict: None) -> None:
        """told: called with what is news for whoever stands there."""
        self._brain = brain
        self._news = news
        self._told = told
        self._reader = PlateReader()
        self._worker = ThreadPoolExecutor(1, "plates")
        self._car = ""
        self._decision: Decision | None = None
        self._seen = float("-inf")
        self._raised = float("-inf")
        self._unclear = 0

    def close(self) -> None:
        """Look at no more pictures."""
        self._worker.shutdown(cancel_futures=True)

    async def see(self, data: bytes) -> Verdict:
        """Look at a picture (JPEG or PNG) and decide. Raises BadPicture."""
        await self._news.wait()
        reads = await asyncio.get_running_loop().run_in_executor(self._worker, self._look, data)
        return self.react(reads, time.monotonic())

    def _look(self, data: bytes) -> list[Read]:
        return self._reader.read(pictures.decode(data))

    def react(self, reads: list[Read], now: float) -> Verdict:
        """Decide about the nearest car: the one whose plate is the widest."""
        if now - self._seen > GONE:
            self._car, self._decision, self._unclear = "", None, 0
        nearest = max(reads, key=lambda read: read.wide, default=None)
        if nearest is None:
            return _verdict("no_plate")
        self._seen = now
        if not is_clear(nearest):
            return self._not_clear(now)
        self._unclear = 0
        decision = judge(self._brain, nearest)
        car, before = plates.alike(nearest.text), self._decision
        if before is None or car != self._car or (decision.open and not before.open):
            return self._carry_out(car, decision, now)
        if before.open:
            self._raise_again(decision, now)
            return _verdict(before.reason)
        self._decision = decision
        return _verdict(decision.reason)

    def _not_clear(self, now: float) -> Verdict:
        """A bad picture says nothing of whoever stands there; many of them, and somebody waits in vain."""
        self._unclear += 1
        if self._decision is None and self._unclear >= UNCLEAR_PICTURES:
            return self._carry_out("", Decision(False, Reason.PLATE_UNSURE), now)
        return _verdict(self._decision.reason if self._decision else Reason.PLATE_UNSURE)

    def _carry_out(self, car: str, decision: Decision, now: float) -> Verdict:
        self._car, self._decision = car, decision
        self._brain.act(decision, Way.PLATE)
        if decision.open:
            self._raised = now
        verdict = _verdict(decision.reason, fresh=True)
        self._told(verdict)
        return verdict

    def _raise_again(self, decision: Decision, now: float) -> None:
        """The same try: no second entry."""
        if decision.open and now - self._raised > AGAIN:
            self._raised = now
            self._brain.door.open()
