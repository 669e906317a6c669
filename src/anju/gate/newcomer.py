"""Enrolling a face at the gate itself: the template is made here and never leaves."""

from dataclasses import dataclass, field
from uuid import UUID

from anju.gate.brain import Brain
from anju.gate.eyes import Sight
from anju.grants.grant import Grant
from anju.recognition.faces import Vector

VIEWS = 3
APART = 0.4
"""Seconds between two views: the same moment three times is one view."""
SAME_PERSON = 0.5
PATIENCE = 40.0
"""Seconds to step before the camera after showing the code."""


@dataclass
class Newcomer:
    """Somebody who showed an invitation and now looks into the camera. Times are monotonic seconds."""

    grant: Grant
    until: float
    _views: list[Vector] = field(default_factory=list)
    _last: float = float("-inf")

    def see(self, sight: Sight, brain: Brain, now: float) -> str | None:
        """Take in a frame. Returns the code of what to show; None: nothing new. `enrol_done` and `enrol_alike` end it."""
        if not sight.clear or sight.vector is None or not sight.live or now - self._last < APART:
            return None
        if any(float(sight.vector @ view) < SAME_PERSON for view in self._views):
            self._views.clear()  # somebody else has stepped in: begin again
        self._views.append(sight.vector)
        self._last = now
        if len(self._views) < VIEWS:
            return "enrol_more"
        return self._finish(brain)

    def _finish(self, brain: Brain) -> str:
        """A look-alike of a neighbour would open for both: such a face is not enrolled here."""
        if brain.gallery().look_alikes(self._views, self.grant.holder):
            return "enrol_alike"
        rev = self.grant.face.rev if self.grant.face else 0
        brain.learn_faces([(self.grant.id, rev, self._views)])
        return "enrol_done"


ENDS = frozenset({"enrol_done", "enrol_alike"})


def holder_of(brain: Brain, holder: UUID) -> Grant | None:
    """The grant of this holder, who may enrol here."""
    return next((one for one in brain.grants() if one.holder == holder and one.face and one.face.here), None)
