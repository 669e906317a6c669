"""One visitor's approach to the kiosk: from the first frame to open or not, saying each thing once."""

from dataclasses import dataclass, field
from uuid import UUID

from anju.gate.brain import Brain
from anju.gate.eyes import Sight
from anju.gate.texts import HINTS
from anju.grants.decision import Decision, Reason
from anju.recognition.gallery import Agreement

SHOW_GRANTED = 3.0
SHOW_REFUSED = 4.0
UNSURE_FRAMES = 4
"""So many good frames in a row that name nobody make a refusal; fewer are bad luck."""
FORGET = 2.0


@dataclass(frozen=True)
class Answer:
    """What the kiosk shows. state: idle, looking, granted, refused. say: aloud, now."""

    state: str
    code: str
    say: bool = False
    box: tuple[int, int, int, int] | None = None


@dataclass
class Approach:
    """State of one kiosk's camera. Times are monotonic seconds."""

    brain: Brain
    _agreement: Agreement[UUID] = field(default_factory=Agreement)
    _unsure: int = 0
    _fakes: int = 0
    _seen: float = float("-inf")
    _busy_until: float = float("-inf")
    _refused_until: float = float("-inf")
    _shown: Answer = Answer("idle", "no_face")
    _last_code: tuple[str, float] = ("", float("-inf"))

    def see(self, sight: Sight, now: float) -> Answer:
        """React to what a frame showed."""
        if now < self._busy_until:
            return Answer(self._shown.state, self._shown.code, box=sight.box)
        if sight.qr is not None:
            return self.code(sight.qr, now)
        if sight.match is None:
            if now - self._seen > FORGET:
                self._forget()
            return self._still(Answer("looking" if sight.box else "idle", HINTS[sight.issue] if sight.issue else "no_face", box=sight.box), sight, now)
        self._seen = now
        if not sight.match.sure:
            self._unsure += 1
            self._agreement.clear()
            if self._unsure >= UNSURE_FRAMES and now >= self._refused_until:
                return self._show(self.brain.refuse_face(Reason.NOT_RECOGNISED, sight.match), sight, now)
            return self._still(Answer("looking", "hold_still", box=sight.box), sight, now)
        self._unsure = 0
        if not sight.live:
            self._fakes += 1
            self._agreement.clear()
            if self._fakes >= 2 and now >= self._refused_until:
                return self._show(self.brain.refuse_face(Reason.NOT_LIVE, sight.match), sight, now)
            return self._still(Answer("looking", "hold_still", box=sight.box), sight, now)
        if not self._agreement.add(sight.match.key, now):
            return self._still(Answer("looking", "hold_still", box=sight.box), sight, now)
        self._agreement.clear()
        return self._show(self.brain.face(sight.match), sight, now)

    def code(self, text: str, now: float) -> Answer:
        """A QR code, from the camera or a scanner. The same code held before the camera is one try."""
        last, at = self._last_code
        if text == last and now - at < SHOW_REFUSED:
            return self._shown
        self._last_code = (text, now)
        return self._show(self.brain.permit(text), Sight(), now)

    def remote(self, now: float) -> Answer:
        """The door was opened from a phone."""
        return self._hold(Answer("granted", Reason.REMOTE_OPEN, say=True), now + SHOW_GRANTED)

    def _still(self, answer: Answer, sight: Sight, now: float) -> Answer:
        """A refusal stays on the screen for a while although looking goes on."""
        if now < self._refused_until:
            return Answer(self._shown.state, self._shown.code, box=sight.box)
        return answer

    def _show(self, decision: Decision, sight: Sight, now: float) -> Answer:
        if decision.open:
            self._forget()
            self._refused_until = float("-inf")
            return self._hold(Answer("granted", decision.reason, say=True, box=sight.box), now + SHOW_GRANTED)
        self._unsure = 0
        self._fakes = 0
        self._refused_until = now + SHOW_REFUSED
        self._shown = Answer("refused", decision.reason, box=sight.box)
        return Answer("refused", decision.reason, say=True, box=sight.box)

    def _hold(self, answer: Answer, until: float) -> Answer:
        self._shown = Answer(answer.state, answer.code)
        self._busy_until = until
        return answer

    def _forget(self) -> None:
        self._agreement.clear()
        self._unsure = 0
        self._fakes = 0
