"""What the gate knows and decides.

No network, no camera: grants and templates in, decisions and stored entries out.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from uuid6 import uuid7

from anju.gate.clock import GateClock
from anju.gate.door import Door
from anju.gate.index import Index
from anju.gate.modes import Mode, Modes
from anju.gate.modes import read as read_mode
from anju.gate.settings import Settings
from anju.gate.store import Store
from anju.grants.decision import Decision, Reason, best, decide, decide_nearby, decide_permit
from anju.grants.grant import Ended, Grant, Way, supersedes
from anju.grants.nearby import NearbyPermit
from anju.grants.permits import BadPermit, Permit, Replays, read
from anju.recognition.faces import Vector
from anju.recognition.gallery import Gallery, Match


class Brain:
    """One gate's knowledge, kept in memory and in its store. Used from one thread."""

    def __init__(self, store: Store, door: Door, platform: Ed25519PublicKey | None = None) -> None:
        """platform: who may invite somebody to enrol here; None: nobody."""
        self.store = store
        self.door = door
        self.platform = platform
        self.clock = GateClock(store)
        self.decided = 0.0
        """When the last decision had been carried out at the door (time.perf_counter)."""
        self.on_entry: Callable[[], None] = lambda: None
        self.on_granted: Callable[[Grant], None] = lambda grant: None
        """Called when somebody has been let in by a right of theirs, after the door and the entry. Must return at once."""
        self.on_lift: Callable[[UUID, str, int], Awaitable[str]] | None = None
        """Asked to call a lift (its id) to a floor for a grant; answers with a code. None: this gate calls none."""
        self.on_call: Callable[[Mapping[str, str]], tuple[str, str | None]] | None = None
        """Told what the platform says of a call that this gate makes; answers with a code, and the entry where it opened."""
        self.says: dict[str, str] = {}
        """What else this gate says of its parts, for staff."""
        self.on_set: Callable[[], None] = lambda: None
        """Called when the platform has set this gate anew."""
        self._replays = Replays(store.used_permits())
        self._grants = Index(store.grants())
        self._used = store.uses()
        self.settings = Settings.of(store.settings())
        self.modes = Modes(store, door)
        self._templates = store.templates()
        self._gallery: Gallery[UUID] | None = None

    # knowledge

    def learn(self, news: Sequence[Grant | Ended], sequence: int) -> None:
        """Take in grants and ends; they hold from now on.

        sequence: the last message's place in the stream.
        """
        try:
            taken: Sequence[Grant | Ended] = self.store.apply(news, sequence)
        except sqlite3.OperationalError:
            self._forget_ended(news)
            raise  # nothing of it is acknowledged: it is sent again
        for one in taken:
            if isinstance(one, Grant):
                self._grants.put(one)
            else:
                self._grants.drop(one.id)
                self._used.pop(one.id, None)
            if isinstance(one, Ended) or one.face is None:
                self._templates.pop(one.id, None)
            self._gallery = None

    def _forget_ended(self, news: Iterable[Grant | Ended]) -> None:
        """A disk that takes nothing in must not let anybody in whose right has ended, or is less than it was."""
        for one in news:
            known = self._grants.get(one.id)
            if known is None or not supersedes(one.rev, known.rev):
                continue
            if isinstance(one, Grant):
                self._grants.put(one)
            else:
                self._grants.drop(one.id)
            self._gallery = None

    def missing_templates(self) -> list[UUID]:
        """Grants whose face this gate should know and does not, or knows from an older enrolment."""
        wanted = (one for one in self._grants if one.face and not one.face.here)
        return [one.id for one in wanted if one.face and self._face_rev(one.id) != one.face.rev]

    def grants(self) -> Iterable[Grant]:
        """Everybody who may come in."""
        return self._grants

    def grant(self, grant_id: UUID) -> Grant | None:
        """One right, as long as it is known."""
        return self._grants.get(grant_id)

    def enrolled(self, grant: Grant) -> bool:
        """Whether this holder's face, as it counts now, is known here."""
        return grant.face is not None and self._face_rev(grant.id) == grant.face.rev

    def _face_rev(self, grant_id: UUID) -> int | None:
        known = self._templates.get(grant_id)
        return known[0] if known else None

    def learn_faces(self, new: Iterable[tuple[UUID, int, Sequence[Vector]]]) -> None:
        """Take in holders' templates: grant, rev, vectors.

        One whose grant ended or changed meanwhile is dropped.
        """
        wanted = [one for one in new if len(one[2]) and self._expects(one[0], one[1])]
        if not wanted:
            return
        self.store.keep_templates(wanted)
        self._templates |= {grant_id: (rev, list(vectors)) for grant_id, rev, vectors in wanted}
        self._gallery = None

    def _expects(self, grant_id: UUID, rev: int) -> bool:
        grant = self._grants.get(grant_id)
        return grant is not None and grant.face is not None and grant.face.rev == rev

    @property
    def counts(self) -> dict[str, int]:
        """How much is known and how much waits to be sent."""
        return {"grants": len(self._grants), "templates": len(self._templates), "queued": self.store.queued()}

    def gallery(self) -> Gallery[UUID]:
        """Everybody whose face opens this gate, by holder: one person is one, however many rights they have. Made anew after a change."""
        if self._gallery is None:
            faces = [one for one in self._grants if Way.FACE in one.ways and self.enrolled(one)]
            known = {one.holder: self._templates[one.id][1] for one in faces}
            strict = frozenset(one.holder for one in faces if one.face and one.face.strict)
            self._gallery = Gallery(known, strict)
        return self._gallery

    def set(self, said: bytes) -> None:
        """Take in what the platform has set this gate to. Raises ValueError; then nothing changes."""
        settings = Settings.of(said)
        mode = read_mode(settings.more["mode"]) if "mode" in settings.more else None
        self.settings = settings
        self.store.keep_settings(said)
        if mode is not None:
            self.modes.follow(*mode)
        self.on_set()

    # decisions

    def _decide(self, grant: Grant | None, way: Way) -> Decision:
        return self._unless_locked(decide(grant, way, self.clock.read(), self._uses(grant) if grant else 0))

    def _unless_locked(self, decision: Decision) -> Decision:
        """A locked gate opens for nobody's right."""
        if self.modes.now is Mode.LOCKED and decision.open:
            return replace(decision, open=False, reason=Reason.LOCKED)
        return decision

    def _uses(self, grant: Grant) -> int:
        return self._used.get(grant.id, 0)

    def face(self, match: Match[UUID]) -> Decision:
        """Somebody is surely recognised, alive and in two frames: may they come in? Carry it out by `act`."""
        rights = sorted(self._grants.of_holder(match.key), key=lambda one: Way.FACE not in one.ways)
        return best((self._decide(one, Way.FACE) for one in rights), Decision(False, Reason.REVOKED))

    def permit(self, text: str) -> Decision:
        """A QR code was shown: decide and carry it out."""
        try:
            permit = read(text)
        except BadPermit:
            decision = Decision(False, Reason.QR_UNKNOWN)
            self.act(decision, Way.QR)
            return decision
        grants = self._grants.with_key(permit.key)
        decision = self._unless_locked(decide_permit(permit, grants, self._replays, self.clock.read(), self._uses))
        self.act(decision, Way.QR, permit=permit)
        return decision

    def nearby(self, permit: NearbyPermit, gate: UUID) -> Decision:
        """A phone before this gate has answered its challenge: may its holder come in? Carry it out by `act`."""
        held = self._grants.with_key(permit.key)
        return self._unless_locked(decide_nearby(permit, gate, held, self.clock.read(), self._uses))

    def mark(self, mark: str, way: Way, unknown: Reason) -> Decision:
        """A card was read: decide by its tag and carry it out. unknown: what to say of one that nobody here has."""
        decision = self.judge(self.marked(self.settings.tag(mark)), way, unknown)
        self.act(decision, way)
        return decision

    def marked(self, tag: str) -> list[Grant]:
        """The rights that this tag of a plate or card stands for."""
        return self._grants.with_mark(tag)

    def judge(self, grants: Iterable[Grant], way: Way, unknown: Reason) -> Decision:
        """The best that these rights come to now; carry it out by `act`."""
        return best((self._decide(one, way) for one in grants), Decision(False, unknown))

    def remote(self, grant_id: UUID | None) -> tuple[Decision, str]:
        """The platform asks to open, for a grant or (None) for its staff, who answer for it also at a locked gate.

        Returns the decision and the entry's id.
        """
        decision = Decision(True, Reason.REMOTE_OPEN)
        if grant_id is not None:
            decision = self._decide(self._grants.get(grant_id), Way.REMOTE)
        return decision, self.act(decision, Way.REMOTE)

    def called(self) -> tuple[Decision, str]:
        """Whoever answers this gate's call lets the visitor in. Returns the decision and the entry's id."""
        decision = self._unless_locked(Decision(True, Reason.CALL_OPEN))
        return decision, self.act(decision, Way.REMOTE)

    def act(
        self,
        decision: Decision,
        way: Way,
        match: Match[UUID] | None = None,
        permit: Permit | None = None,
    ) -> str:
        """Carry a decision out and record it. Returns the entry's id.

        The door comes first, for a person is waiting; the entry is durable before anybody is told of it.
        """
        if decision.open:
            self.door.open()
        self.decided = time.perf_counter()
        entry = str(uuid7())
        grant = decision.grant
        counted = grant.id if grant is not None and decision.open and grant.uses is not None else None
        if counted is not None:
            self._used[counted] = self._used.get(counted, 0) + 1
        self.store.add_entry(
            {
                "id": entry,
                "at": self.clock.read().now.isoformat(),
                "grant": str(grant.id) if grant else None,
                "holder": str(grant.holder) if grant else None,
                "way": way,
                "result": "granted" if decision.open else "refused",
                "reason": decision.reason,
                "score": round(match.score, 3) if match else None,
                "second": round(match.second, 3) if match else None,
                "offset_ms": self.clock.offset_ms,
            },
            (permit.head, permit.at.timestamp()) if permit and decision.open else None,
            counted,
        )
        self.on_entry()
        if decision.open and grant is not None:
            self.on_granted(grant)
        return entry
