"""Hosts, visitors with their links, and a gate that decides by what the platform has told it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from django.test import Client
from django.utils import timezone

from anju.access import entries, gate_link, settings
from anju.access.models import Gate, Grant
from anju.grants import encoding, permits
from anju.grants.decision import Decision
from anju.grants.grant import parse
from anju.homes.models import Community, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.visitors.purposes import VISIT
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams
from tests.doors import API, Answer, Door
from tests.gate import made


@dataclass
class Host:
    """A resident who expects somebody."""

    person: Person
    door: Door
    home: str

    @classmethod
    def of(cls, person: Person) -> "Host":
        with scope.person(person.pk):
            home = Member.objects.get(person=person).home_id
        return cls(person, Door.of(person), str(home))

    def asks(self, **facts: Any) -> Answer:
        now = timezone.now()
        asked = {
            "home": self.home,
            "name": factories.name(),
            "phone": factories.phone(),
            "since": now.isoformat(),
            "until": (now + timedelta(hours=3)).isoformat(),
            **facts,
        }
        return self.door.post("/visitors/passes", asked)

    def invites(self, **facts: Any) -> "Guest":
        answer = self.asks(**facts)
        assert answer.status == 201, answer.body
        visit = answer.body["visit"]
        return Guest(answer.body["link"].partition("#")[2], visit["id"], visit["visitor"]["id"])

    def sees(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.door.get("/visitors/passes").body
        return items

    def notices(self) -> list[str]:
        return [one["title"] for one in self.door.get("/notices").body["items"]]


@dataclass
class Guest:
    """A visitor with a link and a browser, and no account."""

    secret: str
    visit: str
    visitor: str
    private: EllipticCurvePrivateKey = field(default_factory=lambda: factories.key()[0])
    key: str = ""

    def call(self, method: str, path: str = "", **options: Any) -> Answer:
        answer = getattr(Client(), method)(f"{API}/visit{path}", headers={"X-Visit": self.secret}, **options)
        has_json = bool(answer.content) and "json" in answer.headers.get("Content-Type", "")
        return Answer(answer.status_code, answer.json() if has_json else answer.content, dict(answer.headers))

    def reads(self) -> Any:  # Any: JSON
        answer = self.call("get")
        assert answer.status == 200, answer.body
        return answer.body

    @property
    def public(self) -> str:
        point = self.private.public_key().public_bytes(
            factories.Encoding.X962, factories.PublicFormat.UncompressedPoint
        )
        return encoding.encode(point)

    def agrees(self, version: int = VISIT.version) -> Answer:
        asked = {"version": version, "public": self.public}
        answer = self.call("post", "/accept", data=asked, content_type="application/json")
        if answer.status == 200:
            self.key = answer.body["key"]
        return answer

    def code(self, at: datetime | None = None) -> str:
        """What the phone shows."""
        return permits.make(UUID(self.key), self.private, at or timezone.now())


@dataclass
class Entrance:
    """A gate's own program, told what the platform told this gate."""

    row: Gate
    machine: made.Gate

    def learns(self) -> None:
        with scope.platform():
            grants = list(Grant.objects.filter(gate=self.row))
        self.machine.brain.learn([parse(gate_link.message(one)) for one in grants], sequence=0)

    def sets(self) -> None:
        """The gate is set as the platform says, its key for tags included."""
        with scope.platform():
            self.machine.brain.set(json.dumps(settings.of(self.row)).encode())

    def tries(self, guest: Guest) -> Decision:
        """The visitor shows their phone."""
        self.learns()
        return self.machine.brain.permit(guest.code())

    def reports(self) -> None:
        """The platform takes in what happened here."""
        entries.store([(f"entries.{self.row.pk}", body) for _, _, body in self.machine.store.waiting(1000)])


@pytest.fixture
def host(community: Community) -> Host:
    return Host.of(factories.resident(community))


@pytest.fixture
def entrance(gate: Gate, tmp_path: Path) -> Iterator[Entrance]:
    machine = made.Gate(tmp_path)
    machine.told_the_time()
    yield Entrance(gate, machine)
    machine.close()
