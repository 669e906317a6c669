"""One visitor's approach to the kiosk: from the first frame to open or not, each thing said once."""

from dataclasses import dataclass, field
from uuid import UUID

from anju.gate.brain import Brain
from anju.gate.eyes import Sight
from anju.gate.modes import Mode
from anju.gate.newcomer import ENDS, PATIENCE, Newcomer, holder_of
from anju.gate.texts import HINTS, TEXTS
from anju.grants import invitations
from anju.grants.decision import Decision, Reason
from anju.grants.grant import Grant, Way
from anju.recognition.advice import ADVICE, Text
from anju.recognition.gallery import Agreement, Match

SHOW_GRANTED = 3.0
SHOW_REFUSED = 4.0
UNSURE_FRAMES = 4
"""So many clear frames in a row that name nobody make a refusal; fewer are bad luck."""
FAKE_FRAMES = 2
"""So many frames that look like a picture of somebody, and no face opens before whoever shows it has left: a
picture held up for long would sooner or later look alive twice."""
FORGET = 2.0
"""Seconds without a face after which the next one is somebody else's approach."""


@dataclass(frozen=True)
class Answer:
    """What the kiosk shows.

    state: idle, looking, granted, refused, enrolled, wait. say: aloud, now. box: in frame pixels.
    """

    state: str
    code: str
    text: Text
    say: bool = False
    box: tuple[int, int, int, int] | None = None


def answer(state: str, code: str, *, say: bool = False, box: tuple[int, int, int, int] | None = None) -> Answer:
    """An answer with the code's own text."""
    return Answer(state, code, TEXTS[code], say, box)


@dataclass
class Approach:
    """State of one kiosk's camera. Times are monotonic seconds."""

    brain: Brain
    _agreement: Agreement[UUID] = field(default_factory=Agreement)
    _unsure: int = 0
    _fakes: int = 0
    _told: set[tuple[Reason, UUID | None]] = field(default_factory=set)
    _seen: float = float("-inf")
    _granted_until: float = float("-inf")
    _refused_until: float = float("-inf")
    _shown: Answer = field(default_factory=lambda: answer("idle", "no_face"))
    _last_code: tuple[str, float] = ("", float("-inf"))
    _newcomer: Newcomer | None = None

    def see(self, sight: Sight, now: float) -> Answer:
        """React to what a frame showed."""
        if now - self._seen > FORGET:
            self._start_over()
            self._told.clear()
        if sight.box is not None:
            self._seen = now
        if (standing := self._standing(now)) is not None:
            return standing
        if self._newcomer is not None:
            return self._enrol(self._newcomer, sight, now)
        if sight.qr is not None:
            return self._code_in_view(sight.qr, now)
        if now < self._granted_until:
            return self._again(sight)
        if sight.clear:
            return self._face(sight, now)
        if now < self._refused_until:
            return self._again(sight)
        if sight.issue is None:
            return answer("idle", "no_face", box=sight.box)
        return Answer("looking", HINTS[sight.issue], ADVICE[sight.issue], box=sight.box)

    def _standing(self, now: float) -> Answer | None:
        """What is shown while the gate is not run normally: nobody need be looked at. None: it is."""
        if self.brain.modes.now is Mode.FREE:
            return answer("granted", "free_pass")
        if self.brain.modes.now is Mode.LOCKED and now >= self._granted_until:
            return answer("refused", "locked")
        return None

    def wants_code(self, sight: Sight, now: float) -> bool:
        """Whether a code in this frame would matter: not while the door is open or a known face is on its way in."""
        if self._newcomer is not None:
            return False  # the code that was shown may still be in view
        on_its_way = sight.match is not None and sight.match.sure and sight.live and now >= self._refused_until
        return not on_its_way and now >= self._granted_until

    def code(self, text: str, now: float) -> Answer:
        """A code read by a scanner: each reading is one try."""
        self._last_code = (text, now)
        if text.startswith(invitations.PREFIX):
            return self._invited(text, now)
        return self._show(self.brain.permit(text), now)

    def _invited(self, text: str, now: float) -> Answer:
        """Somebody shows that they may enrol their face here."""
        problem, grant = self._read_invitation(text)
        if grant is None:
            self._refused_until = now + SHOW_REFUSED
            self._shown = answer("refused", problem)
            return answer("refused", problem, say=True)
        self._newcomer = Newcomer(grant, now + PATIENCE)
        self._shown = answer("looking", "enrol_look")
        return answer("looking", "enrol_look", say=True)

    def _read_invitation(self, text: str) -> tuple[str, Grant | None]:
        """What is wrong with an invitation, or whose it is."""
        if self.brain.platform is None:
            return "enrol_invalid", None
        try:
            invitation = invitations.read(text, self.brain.platform)
        except invitations.BadInvitation:
            return "enrol_invalid", None
        clock = self.brain.clock.read()
        grant = holder_of(self.brain, invitation.holder)
        if not clock.sure or clock.now > invitation.until or grant is None:
            return "enrol_invalid", None
        if grant.face is None or grant.face.rev != invitation.rev or self.brain.enrolled(grant):
            return "enrol_used", None
        return "", grant

    def _enrol(self, newcomer: Newcomer, sight: Sight, now: float) -> Answer:
        """Views of the newcomer, until there are enough, or nobody comes."""
        if now > newcomer.until:
            self._newcomer = None
            return answer("idle", "no_face", box=sight.box)
        code = newcomer.see(sight, self.brain, now)
        if code is None:
            if sight.issue is not None:
                return Answer("looking", HINTS[sight.issue], ADVICE[sight.issue], box=sight.box)
            return self._again(sight)
        if code in ENDS:
            self._newcomer = None
            self._agreement.clear()
            self._refused_until = now + SHOW_REFUSED  # it stays on the screen before looking goes on
            self._shown = answer("refused" if code == "enrol_alike" else "enrolled", code)
        else:
            self._shown = answer("looking", code)
        return answer(self._shown.state, code, say=True, box=sight.box)

    def remote(self, now: float) -> Answer:
        """The door was opened from a phone or by staff."""
        return self._grant(Reason.REMOTE_OPEN, now)

    def _code_in_view(self, text: str, now: float) -> Answer:
        """The same code held before the camera is one try, however long; a new one waits for an open door."""
        last, at = self._last_code
        if text == last and now - at < SHOW_REFUSED:
            self._last_code = (text, now)
        elif now >= self._granted_until:
            return self.code(text, now)
        is_over = self._shown.state == "granted" and now >= self._granted_until
        return answer("idle", "no_face") if is_over else self._again(Sight())

    def _face(self, sight: Sight, now: float) -> Answer:
        match = sight.match
        if match is None or not match.sure:
            self._unsure += 1
            self._agreement.clear()
            if self._unsure >= UNSURE_FRAMES:
                return self._refuse_face(Decision(False, Reason.NOT_RECOGNISED), match, sight, now)
            return self._still_looking(sight, now)
        if not sight.live:
            self._fakes += 1
            self._agreement.clear()
        if self._fakes >= FAKE_FRAMES:
            return self._refuse_face(Decision(False, Reason.NOT_LIVE), match, sight, now)
        if not sight.live:
            return self._still_looking(sight, now)
        self._unsure = 0
        if not self._agreement.add(match.key, now):
            return self._still_looking(sight, now)
        decision = self.brain.face(match)
        if not decision.open:
            return self._refuse_face(decision, match, sight, now)
        self.brain.act(decision, Way.FACE, match)
        return self._show(decision, now, sight)

    def _refuse_face(self, decision: Decision, match: Match[UUID] | None, sight: Sight, now: float) -> Answer:
        """Refuse; record and say it once in an approach, however long somebody stands there."""
        what = decision.reason, decision.grant.id if decision.grant else None
        if what not in self._told:
            self._told.add(what)
            self.brain.act(decision, Way.FACE, match)
            return self._show(decision, now, sight)
        self._shown = answer("refused", decision.reason)
        self._refused_until = now + SHOW_REFUSED
        return self._again(sight)

    def _still_looking(self, sight: Sight, now: float) -> Answer:
        if now < self._refused_until:  # a refusal stays on the screen for a while although looking goes on
            return self._again(sight)
        return answer("looking", "hold_still", box=sight.box)

    def _show(self, decision: Decision, now: float, sight: Sight | None = None) -> Answer:
        box = sight.box if sight else None
        if decision.open:
            return self._grant(decision.reason, now, box)
        self._refused_until = now + SHOW_REFUSED
        self._shown = answer("refused", decision.reason)
        return answer("refused", decision.reason, say=True, box=box)

    def _grant(self, reason: Reason, now: float, box: tuple[int, int, int, int] | None = None) -> Answer:
        self._start_over()
        self._granted_until = now + SHOW_GRANTED
        self._refused_until = float("-inf")
        self._shown = answer("granted", reason)
        return answer("granted", reason, say=True, box=box)

    def _again(self, sight: Sight) -> Answer:
        return answer(self._shown.state, self._shown.code, box=sight.box)

    def _start_over(self) -> None:
        self._agreement.clear()
        self._unsure = 0
        self._fakes = 0
