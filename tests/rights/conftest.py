"""People who prove that it is them."""

import re

import pytest

from anju.partners.models import OutboxMessage
from anju.people.models import Person
from tests.doors import Door


def code_sent_to(person: Person) -> str:
    """The code in the newest message to this person."""
    message = OutboxMessage.objects.filter(subject=person.pk).latest("id")
    assert message.text is not None
    found = re.search(r"\d{6}", message.text.open())
    assert found is not None
    return found.group()


def proven(person: Person) -> Door:
    """Signed in as this person, who has just answered a code."""
    door = Door.of(person)
    assert door.post("/rights/proof/code").status == 204
    assert door.post("/rights/proof", {"code": code_sent_to(person)}).status == 204
    return door


@pytest.fixture
def door(resident: Person) -> Door:
    """The API as a resident who has just proven that it is them."""
    return proven(resident)
