"""A terminal that speaks plain HTTP: every request is signed, and a signature is worth nothing elsewhere or later."""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from anju.access.models import Entry, Gate
from anju.people.models import Person
from anju.privacy import scope
from anju.terminals import actions, keys
from anju.terminals.models import Terminal
from tests import factories
from tests.terminals.conftest import stand


@pytest.fixture
def terminal(place: Gate, manager: Person) -> Terminal:
    return stand(place, manager, Terminal.Protocol.PUSH)


def send(terminal: Terminal, method: str, what: str, body: bytes = b"", **changes: Any) -> tuple[int, Any]:
    """A signed request; changes spoil it."""
    path = f"/api/v1/terminals/{terminal.pk}/{what}"
    at = str(changes.get("at", int(time.time())))
    key = changes.get("key", keys.push_key(terminal))
    signed = f"{method}\n{changes.get('path', path)}\n{at}\n".encode() + changes.get("signed", body)
    headers = {"X-Anju-Time": at, "X-Anju-Signature": hmac.new(key, signed, hashlib.sha256).hexdigest()}
    answer = Client().generic(method, path, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def events(*serials: int, **facts: Any) -> bytes:
    plain = {"at": timezone.now().isoformat(), "holder": None, "card": "04A1", "granted": False, **facts}
    return json.dumps({"events": [{"serial": serial, **plain} for serial in serials]}).encode()


def test_events_are_counted_once(terminal: Terminal) -> None:
    assert send(terminal, "POST", "events", events(1, 2)) == (200, {"taken": 2, "new": 2})
    assert send(terminal, "POST", "events", events(2, 3)) == (200, {"taken": 2, "new": 1})
    with scope.platform():
        assert Entry.objects.filter(gate=terminal.gate).count() == 3


def test_it_fetches_whom_it_should_know(terminal: Terminal, resident: Person, cards: dict[UUID, str]) -> None:
    assert send(terminal, "GET", "persons") == (200, {"persons": []})
    cards[resident.pk] = "04A1B2C3"
    status, said = send(terminal, "GET", "persons")
    assert (status, [one["cards"] for one in said["persons"]]) == (200, [["04A1B2C3"]])
    assert str(resident.pk) not in json.dumps(said)
    cards.clear()
    assert send(terminal, "GET", "persons")[1] == {"persons": []}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"key": b"k" * 32},
        {"signed": b"another body"},
        {"path": "/api/v1/terminals/events"},
        {"at": int(time.time()) - 3600},
        {"at": int(time.time()) + 3600},
        {"at": "soon"},
    ],
    ids=lambda spoilt: next(iter(spoilt)),
)
def test_a_spoilt_signature_is_refused(terminal: Terminal, spoilt: dict[str, Any]) -> None:
    assert send(terminal, "POST", "events", events(1), **spoilt)[0] == 401
    with scope.platform():
        assert not Entry.objects.filter(gate=terminal.gate).exists()


def test_one_terminals_signature_is_nothing_at_another(terminal: Terminal, manager: Person) -> None:
    with scope.platform():
        other = stand(factories.gate(terminal.community, "西门"), manager, Terminal.Protocol.PUSH)
    assert send(other, "POST", "events", events(1), key=keys.push_key(terminal))[0] == 401


def test_credentials_that_were_changed_sign_nothing(terminal: Terminal, manager: Person) -> None:
    former = keys.push_key(terminal)
    with scope.platform():
        now = actions.renew_credentials(terminal, staff=manager)
    assert send(now, "POST", "events", events(1), key=former)[0] == 401
    assert send(now, "POST", "events", events(1))[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"events": 5}', b'{"events": [{}]}', events(1, at="soon"), events(1, granted="yes")]
)
def test_nonsense_is_refused(terminal: Terminal, body: bytes) -> None:
    assert send(terminal, "POST", "events", body)[0] == 422
