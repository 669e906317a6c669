"""A Hikvision terminal: people and cards told over digest sign-in, ends taken back, events read."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from anju.access.models import Entry, Gate
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.terminals import actions, api, isapi
from anju.terminals.isapi import Isapi, TerminalError
from anju.terminals.models import Known, Terminal
from tests.terminals import device as devices
from tests.terminals.conftest import stand
from tests.terminals.device import Device


@pytest.fixture
def device() -> Iterator[tuple[Device, str]]:
    with devices.serving() as found:
        yield found


@pytest.fixture
def terminal(place: Gate, manager: Person, device: tuple[Device, str]) -> Terminal:
    return stand(
        place, manager, Terminal.Protocol.ISAPI, address=device[1], account=devices.ACCOUNT, password=devices.PASSWORD
    )


def test_whoever_has_a_card_is_known_there_under_a_name_that_means_nothing(
    terminal: Terminal, device: tuple[Device, str], resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    assert actions.tell(terminal) == 1
    there = device[0]
    (number,) = there.people
    assert there.cards == {"04A1B2C3": number}
    assert number not in str(resident.pk).replace("-", "")
    assert all(word not in " ".join(there.bodies) for word in ("鲁A12345", "face", "picture"))


def test_nothing_is_told_twice(
    terminal: Terminal, device: tuple[Device, str], resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    assert [actions.tell(terminal) for _ in range(2)] == [1, 0]


def test_a_right_that_ends_ends_there(
    terminal: Terminal, device: tuple[Device, str], resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    actions.tell(terminal)
    cards.clear()
    actions.tell(terminal)
    assert (device[0].people, device[0].cards) == ({}, {})
    with scope.platform():
        assert not Known.objects.filter(terminal=terminal).exists()


def test_another_card_takes_the_place_of_a_lost_one(
    terminal: Terminal, device: tuple[Device, str], resident: Person, cards: dict[UUID, str]
) -> None:
    for number in ("04A1B2C3", "04FFFFFF"):
        cards[resident.pk] = number
        actions.tell(terminal)
    assert list(device[0].cards) == ["04FFFFFF"]


def test_what_the_terminal_did_not_take_is_told_again(
    terminal: Terminal, device: tuple[Device, str], resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    device[0].full = True
    with pytest.raises(TerminalError, match="employeeNoAlreadyExist"):
        actions.tell(terminal)
    device[0].full = False
    assert actions.tell(terminal) == 1
    assert list(device[0].cards) == ["04A1B2C3"]


def test_staff_open_it(terminal: Terminal, device: tuple[Device, str], manager: Person) -> None:
    with scope.platform():
        actions.open_door(terminal, staff=manager)
    assert device[0].opened == 1


def test_a_wrong_password_is_refused_and_is_not_in_the_error(device: tuple[Device, str]) -> None:
    with pytest.raises(TerminalError) as refused:
        Isapi(device[1], devices.ACCOUNT, "Wrong#2026").open()
    assert device[0].refused == 1
    assert device[0].opened == 0
    assert "Wrong#2026" not in str(refused.value)


def test_a_terminal_that_is_away_is_said_to_be_silent(place: Gate, manager: Person) -> None:
    away = stand(place, manager, "isapi", address="http://127.0.0.1:9", account="a", password="b")
    with scope.platform(), pytest.raises(Refused) as refused:
        actions.open_door(away, staff=manager)
    assert refused.value.code == "gate_silent"


def test_it_is_told_where_to_report(device: tuple[Device, str]) -> None:
    Isapi(device[1], devices.ACCOUNT, devices.PASSWORD).report_to("https://anju.example:8443/api/v1/terminals/x")
    assert "<hostName>anju.example</hostName><portNo>8443</portNo>" in device[0].hosts


def said(**facts: Any) -> dict[str, Any]:
    event = {"majorEventType": 5, "subEventType": 1, "cardNo": "04A1B2C3", "serialNo": 17, **facts}
    return {
        "eventType": "AccessControllerEvent",
        "dateTime": "2026-11-25T08:30:00+08:00",
        "AccessControllerEvent": event,
    }


def post(terminal: Terminal, body: bytes, kind: str = "application/json", token: str | None = None) -> tuple[int, Any]:
    place = f"/api/v1/terminals/{terminal.pk}/isapi/{api.isapi_token(terminal) if token is None else token}"
    answer = Client().post(place, body, content_type=kind)
    return answer.status_code, answer.json()


def test_an_event_is_written_down_once(terminal: Terminal, resident: Person, cards: dict[UUID, str]) -> None:
    cards[resident.pk] = "04A1B2C3"
    actions.tell(terminal)
    with scope.platform():
        holder = Known.objects.get(person=resident).holder.hex
    body = json.dumps(said(employeeNoString=holder)).encode()
    assert [post(terminal, body) for _ in range(2)] == [(200, {"new": 1}), (200, {"new": 0})]
    with scope.platform():
        assert Entry.objects.get(gate=terminal.gate).person_id == resident.pk


def test_an_event_with_a_picture_is_read_without_it(terminal: Terminal) -> None:
    parts = [
        b'Content-Disposition: form-data; name="event_log"\r\nContent-Type: application/json\r\n\r\n' + json.dumps(said(subEventType=9)).encode() + b"\r\n",
        b'Content-Disposition: form-data; name="Picture"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\r\n',
    ]  # fmt: skip
    body = b"".join(b"--frontier\r\n" + part for part in parts) + b"--frontier--\r\n"
    assert post(terminal, body, "multipart/form-data; boundary=frontier") == (200, {"new": 1})
    with scope.platform():
        assert Entry.objects.get(gate=terminal.gate).result == "refused"


def test_a_heartbeat_is_no_event(terminal: Terminal) -> None:
    assert post(terminal, json.dumps({"eventType": "heartBeat"}).encode()) == (200, {"new": 0})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", json.dumps(said(serialNo="x")).encode(), json.dumps(said(majorEventType=None)).encode()]
)
def test_nonsense_is_refused(terminal: Terminal, body: bytes) -> None:
    assert post(terminal, body)[0] == 422


@pytest.mark.parametrize("token", ["x", "0" * 40])
def test_nobody_reports_without_the_addresss_secret(terminal: Terminal, token: str) -> None:
    assert post(terminal, json.dumps(said()).encode(), token=token)[0] == 401


def test_an_event_of_a_foreign_name_is_nobodys(terminal: Terminal, resident: Person) -> None:
    (event,) = isapi.events(json.dumps(said(employeeNoString=uuid4().hex)).encode(), "application/json")
    assert event.granted
    post(terminal, json.dumps(said(employeeNoString="admin")).encode())
    with scope.platform():
        assert Entry.objects.get(gate=terminal.gate).person_id is None
