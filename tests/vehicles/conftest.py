"""Residents with cars, and a barrier that decides by what the platform has told it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from django.utils import timezone

from anju.access import entries, gate_link
from anju.access import settings as gate_settings
from anju.access.models import Gate, Grant
from anju.gate.barrier import Barrier, Verdict
from anju.grants.grant import parse
from anju.homes.models import Community, Home, Member, Role
from anju.people.models import Person
from anju.privacy import scope
from anju.vehicles.purposes import VEHICLES
from tests import factories
from tests.access.conftest import join
from tests.access.conftest import streams as streams
from tests.doors import Answer, Door
from tests.gate import made
from tests.recognition import made_plates


@dataclass
class Driver:
    """A resident with a phone."""

    person: Person
    door: Door
    home: Home

    @classmethod
    def of(cls, person: Person) -> "Driver":
        with scope.person(person.pk):
            home = Member.objects.select_related("home__unit__building").get(person=person).home
        factories.agree(person, VEHICLES)
        return cls(person, Door.of(person), home)

    def adds(self, plate: str) -> Answer:
        return self.door.post("/vehicles/cars", {"home": str(self.home.pk), "plate": plate})

    def has(self, plate: str) -> str:
        """A registered car's id."""
        answer = self.adds(plate)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def expects(self, plate: str, **facts: Any) -> Answer:
        now = timezone.now()
        asked = {
            "home": str(self.home.pk),
            "plate": plate,
            "since": now.isoformat(),
            "until": (now + timedelta(hours=3)).isoformat(),
            **facts,
        }
        return self.door.post("/vehicles/visitors", asked)

    def parks(self) -> None:
        """Staff have given the home a space."""
        factories.space(self.home.community, self.home)

    def notices(self) -> list[str]:
        return [one["title"] for one in self.door.get("/notices").body["items"]]


@dataclass
class Lane:
    """A barrier's own program, told what the platform told this gate."""

    row: Gate
    machine: made.Gate
    barrier: Barrier

    def learns(self) -> None:
        with scope.platform():
            self.machine.brain.set(json.dumps(gate_settings.of(self.row)).encode())
            grants = list(Grant.objects.filter(gate=self.row))
        self.machine.brain.learn([parse(gate_link.message(one)) for one in grants], sequence=0)

    def sees(self, plate: str) -> Verdict:
        """A car with this plate stands before the camera; the one before it has driven on."""
        self.learns()
        self.barrier._seen = float("-inf")
        picture = cv2.imencode(".jpg", made_plates.picture(plate))[1].tobytes()
        return asyncio.run(self.barrier.see(picture))

    def reports(self) -> None:
        """The platform takes in what happened here."""
        entries.store([(f"entries.{self.row.pk}", body) for _, _, body in self.machine.store.waiting(1000)])


def lane(row: Gate, home: Path) -> Iterator[Lane]:
    machine = made.Gate(home)
    machine.told_the_time()
    barrier = Barrier(machine.brain, machine.link.news)
    yield Lane(row, machine, barrier)
    barrier.close()
    machine.close()


@pytest.fixture
def entrance(streams: None, community: Community, tmp_path: Path) -> Iterator[Lane]:
    yield from lane(join(factories.barrier(community)), tmp_path / "in")


@pytest.fixture
def exit(streams: None, community: Community, tmp_path: Path) -> Iterator[Lane]:
    yield from lane(join(factories.barrier(community, "车库出口", "out")), tmp_path / "out")


@pytest.fixture
def driver(community: Community) -> Driver:
    return Driver.of(factories.resident(community))


@pytest.fixture
def neighbour(community: Community) -> Driver:
    return Driver.of(factories.resident(community, "202"))


@pytest.fixture
def spouse(community: Community, driver: Driver) -> Driver:
    """Somebody else of the driver's home."""
    person = factories.person(factories.EVERYTHING)
    factories.member(person, driver.home, Role.FAMILY)
    return Driver.of(person)
