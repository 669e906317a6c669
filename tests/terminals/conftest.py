"""A gate with another maker's terminal, and somebody who lives there and has a card."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from anju.access import sources
from anju.access.models import Gate
from anju.homes.models import Community, Duty
from anju.people.models import Person
from anju.privacy import scope
from anju.terminals import actions
from anju.terminals.models import Terminal
from tests import factories
from tests.access.conftest import streams as streams


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> dict[UUID, str]:
    """Cards by person: a source of rights as any room gives one."""
    held: dict[UUID, str] = {}

    def offer(person: UUID, community: UUID) -> Iterable[sources.Offer]:
        del community
        if person in held:
            since = datetime(2026, 1, 1, tzinfo=UTC)
            yield sources.Offer(
                "card", frozenset({"card"}), since, None, marks=[f"card:{held[person]}", "plate:鲁A12345"]
            )

    monkeypatch.setattr(sources, "_offers", [offer])
    monkeypatch.setitem(sources._agreements, "card", sources._agreements["qr"])
    return held


@pytest.fixture
def manager(community: Community) -> Person:
    return factories.staff(community, Duty.MANAGER)


@pytest.fixture
def place(streams: None, community: Community) -> Gate:
    return factories.gate(community)


def stand(gate: Gate, manager: Person, protocol: str, **facts: str) -> Terminal:
    with scope.platform():
        return actions.add(gate, protocol, staff=manager, **facts)
