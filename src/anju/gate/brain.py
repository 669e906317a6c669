"""What the gate knows and decides. No network, no camera: grants and templates in, decisions and stored entries out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid6 import uuid7

from anju.gate.door import Door
from anju.gate.store import Store
from anju.grants.decision import Decision, Reason, Replays, decide, decide_permit
from anju.grants.grant import Ended, Grant, Way
from anju.grants.permits import BadPermit, read
from anju.recognition.faces import Vector
from anju.recognition.gallery import Gallery, Match


class Brain:
    """One gate's knowledge, kept in memory and in its store."""

    def __init__(self, store: Store, door: Door) -> None:
        self.store = store
        self.door = door
        self._replays = Replays()
        self._offset = timedelta(seconds=store.clock_offset())
        self._grants = {grant.id: grant for grant in store.grants()}
        self._templates = store.templates()
        self._by_key = {key: grant.id for grant in self._grants.values() for key in grant.keys}
        self._gallery: Gallery[UUID] | None = None

    # knowledge

    def now(self) -> datetime:
        """The time as the platform has it, as far as this gate knows."""
        return datetime.now(UTC) + self._offset

    @property
    def offset_ms(self) -> int:
        return round(self._offset.total_seconds() * 1000)

    def set_clock(self, platform_now: datetime, halfway: timedelta) -> None:
        """Learn the platform's time; `halfway` is half of how long the answer took."""
        self._offset = platform_now + halfway - datetime.now(UTC)
        self.store.set_clock_offset(self._offset.total_seconds())

    def learn(self, news: Sequence[Grant | Ended], sequence: int) -> None:
        """Take in grants and ends; they hold from now on."""
        for one in self.store.apply(news, sequence):
            old = self._grants.pop(one.id, None)
            for key in old.keys if old else ():
                self._by_key.pop(key, None)
            if isinstance(one, Grant):
                self._grants[one.id] = one
                self._by_key.update(dict.fromkeys(one.keys, one.id))
            if isinstance(one, Ended) or one.face is None:
                self._templates.pop(one.id, None)
            self._gallery = None

    def missing_templates(self) -> list[UUID]:
        """Grants whose face this gate should know and does not, or knows from an older enrolment."""
        return [
            grant.id
            for grant in self._grants.values()
            if grant.face and (grant.id not in self._templates or self._templates[grant.id][0] != grant.face.rev)
        ]

    def learn_face(self, grant_id: UUID, rev: int, vectors: Sequence[Vector]) -> None:
        """Take in a holder's templates, unless the grant ended or was enrolled anew meanwhile."""
        grant = self._grants.get(grant_id)
        if grant is None or grant.face is None or grant.face.rev != rev or not vectors:
            return
        self.store.keep_templates(grant_id, rev, vectors)
        self._templates[grant_id] = (rev, list(vectors))
        self._gallery = None

    @property
    def counts(self) -> dict[str, int]:
        return {"grants": len(self._grants), "templates": len(self._templates), "queued": self.store.queued()}

    def gallery(self) -> Gallery[UUID]:
        """Everybody whose face opens this gate; made anew after a change."""
        if self._gallery is None:
            current = {one.id: one for one in self._grants.values() if one.face and Way.FACE in one.ways}
            known = {id_: vectors for id_, (rev, vectors) in self._templates.items() if id_ in current and current[id_].face.rev == rev}  # type: ignore[union-attr]
            strict = frozenset(id_ for id_, grant in current.items() if grant.face and grant.face.strict)
            self._gallery = Gallery(known, strict)
        return self._gallery

    # decisions

    def face(self, match: Match[UUID]) -> Decision:
        """Somebody is surely recognised, alive and in two frames: may they come in?"""
        return self._act(decide(self._grants.get(match.key), Way.FACE, self.now()), Way.FACE, match)

    def refuse_face(self, reason: Reason, match: Match[UUID] | None) -> Decision:
        """Somebody was looked at and not let in."""
        return self._act(Decision(False, reason), Way.FACE, match)

    def permit(self, text: str) -> Decision:
        """A QR code was shown."""
        try:
            permit = read(text)
        except BadPermit:
            return self._act(Decision(False, Reason.QR_UNKNOWN), Way.QR)
        grant = self._grants.get(self._by_key.get(permit.key, UUID(int=0)))
        return self._act(decide_permit(permit, grant, self._replays, self.now()), Way.QR)

    def remote(self, grant_id: UUID) -> tuple[Decision, str]:
        """The platform asks to open for this grant. Returns the decision and the entry's id."""
        decision = decide(self._grants.get(grant_id), Way.REMOTE, self.now())
        return decision, self._record(decision, Way.REMOTE, None)

    def _act(self, decision: Decision, way: Way, match: Match[UUID] | None = None) -> Decision:
        self._record(decision, way, match)
        return decision

    def _record(self, decision: Decision, way: Way, match: Match[UUID] | None) -> str:
        """Open first (a person is waiting), then store; an entry is durable before anybody is told of it."""
        if decision.open:
            self.door.open()
        entry_id = str(uuid7())
        self.store.add_entry(
            {
                "id": entry_id,
                "at": self.now().isoformat(),
                "grant": str(decision.grant.id) if decision.grant else None,
                "holder": str(decision.grant.holder) if decision.grant else None,
                "way": way,
                "result": "granted" if decision.open else "refused",
                "reason": decision.reason,
                "score": round(match.score, 3) if match else None,
                "second": round(match.second, 3) if match else None,
                "offset_ms": self.offset_ms,
            }
        )
        return entry_id
