"""A gate made for a test: registered with a platform whose signing key the test holds."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nkeys
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.gate.brain import Brain
from anju.gate.identity import Identity
from anju.gate.kiosk import Kiosk
from anju.gate.link import Link
from anju.gate.store import Store
from anju.grants import permits
from anju.grants.grant import FaceRef, Grant, Way
from anju.recognition.faces import DIMENSIONS, Vector

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class CountingDoor:
    """A door that counts how often it was opened."""

    opened: int = 0
    held: bool = False

    @property
    def is_open(self) -> bool:
        return self.held

    def open(self) -> None:
        self.opened += 1

    def hold(self, on: bool) -> None:
        self.held = on


@dataclass
class Phone:
    """A resident's phone with its own key."""

    id: UUID = field(default_factory=uuid4)
    private: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def permit(self, at: datetime | None = None) -> str:
        """A QR code's text."""
        return permits.make(self.id, self.private, at or datetime.now(UTC))


def identity(platform: Ed25519PrivateKey | None = None, gate: UUID | None = None) -> Identity:
    """A registered gate's identity; its bus address leads nowhere."""
    return Identity(
        gate=str(gate or uuid4()),
        name="东门",
        nats=["nats://127.0.0.1:9"],
        jwt="none",
        seed=nkeys.encode_seed(b"s" * 32, nkeys.PREFIX_BYTE_USER),
        box=X25519PrivateKey.generate(),
        storage=b"k" * 32,
        platform=(platform or Ed25519PrivateKey.generate()).public_key(),
        open_seconds=5,
    )


def grant(phone: Phone | None = None, **changes: Any) -> Grant:  # Any: a Grant's own fields
    """A resident who may come in by face and phone, without an end."""
    plain = Grant(
        id=uuid4(),
        rev=1,
        holder=uuid4(),
        ways=frozenset(Way),
        since=LONG_AGO,
        until=None,
        keys={phone.id: phone.public} if phone else {},
        face=FaceRef(1, strict=False),
    )
    return replace(plain, **changes)


def a_face(seed: int | None = None) -> Vector:
    """A made-up face that resembles no other."""
    vector = np.random.default_rng(seed).normal(size=DIMENSIONS)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class Gate:
    """A whole gate but for the network. Made anew in the same home, it is the gate after a restart."""

    def __init__(self, home: Path, me: Identity | None = None) -> None:
        self.me = me or identity()
        self.home = home
        self.door = CountingDoor()
        self.store = Store(home / "gate.db", self.me.storage)
        self.store.serve(self.me.gate, self.me.registration)
        self.brain = Brain(self.store, self.door, self.me.platform)
        self.link = Link(self.me, self.brain)
        self.kiosk = Kiosk(self.me, self.brain, self.link)
        self._sequence = 0

    def learn(self, *news: Any) -> None:  # Any: Grant or Ended
        """Take news in as if it had come by the bus."""
        self._sequence += len(news)
        self.brain.learn(news, self._sequence)

    def knows(self, who: Grant, vectors: Iterable[Vector]) -> None:
        """A resident with an enrolled face."""
        self.learn(who)
        self.brain.learn_faces([(who.id, who.face.rev if who.face else 0, list(vectors))])

    def told_the_time(self, ahead: timedelta = timedelta()) -> None:
        """The platform says what time it is: so much ahead of this machine."""
        self.brain.clock.set(datetime.now(UTC) + ahead, timedelta())

    def restarted(self) -> "Gate":
        self.close()
        return Gate(self.home, self.me)

    def entries(self) -> list[dict[str, Any]]:
        """What waits to be sent, the oldest first."""
        return [json.loads(body) for _, _, body in self.store.waiting(1000)]

    def close(self) -> None:
        self.kiosk.close()
        self.store.close()
