"""Hikvision access terminals by ISAPI: HTTP with digest sign-in, JSON for people and cards, XML for the door, events pushed to us.

Field names and paths are the maker's own. A terminal's answers are read for their status only.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.utils import timezone

from anju.privacy import egress
from anju.terminals.roster import Person

FOREVER = "2037-12-31T23:59:59"
"""The last moment that such a terminal knows."""
CARD_EVENTS = {1: True, 9: False, 6: False, 7: False, 8: False}
"""Minor numbers of access events (major 5) that a card made: whether it was let in."""
ACCESS_CONTROL = 5


class TerminalError(RuntimeError):
    """The terminal did not answer, or would not; the message says what it said, never what was sent."""


@dataclass(frozen=True)
class Event:
    """serial: the terminal's own number of it. card: as read. at: aware."""

    serial: int
    at: datetime
    holder: str | None
    card: str | None
    granted: bool


class Isapi:
    """One terminal."""

    def __init__(self, address: str, account: str, password: str, *, seconds: float = 5) -> None:
        self._address = address.rstrip("/")
        self._auth = httpx.DigestAuth(account, password)
        self._seconds = seconds

    def put(self, person: Person) -> None:
        """The terminal knows this person and their cards from now on. Raises TerminalError."""
        valid = {
            "enable": True,
            "beginTime": _local(person.since),
            "endTime": _local(person.until) if person.until else FOREVER,
        }
        record = {
            "employeeNo": person.holder.replace("-", ""),
            "name": person.holder[:8],
            "userType": "normal",
            "Valid": {**valid, "timeType": "local"},
            "doorRight": "1",
            "RightPlan": [{"doorNo": 1, "planTemplateNo": "1"}],
        }
        self._json("PUT", "/ISAPI/AccessControl/UserInfo/SetUp", {"UserInfo": record})
        self._forget_cards(person.holder)
        for card in person.cards:
            info = {"employeeNo": record["employeeNo"], "cardNo": card, "cardType": "normalCard"}
            self._json("POST", "/ISAPI/AccessControl/CardInfo/Record", {"CardInfo": info})

    def forget(self, holder: str) -> None:
        """The terminal knows this person no more. Raises TerminalError."""
        self._forget_cards(holder)
        gone = {"UserInfoDelCond": {"EmployeeNoList": [{"employeeNo": holder.replace("-", "")}]}}
        self._json("PUT", "/ISAPI/AccessControl/UserInfo/Delete", gone)

    def _forget_cards(self, holder: str) -> None:
        gone = {"CardInfoDelCond": {"EmployeeNoList": [{"employeeNo": holder.replace("-", "")}]}}
        self._json("PUT", "/ISAPI/AccessControl/CardInfo/Delete", gone)

    def open(self, door: int = 1) -> None:
        """Raises TerminalError."""
        body = "<RemoteControlDoor><cmd>open</cmd></RemoteControlDoor>"
        self._send("PUT", f"/ISAPI/AccessControl/RemoteControl/door/{door}", body.encode(), "application/xml")

    def report_to(self, url: str) -> None:
        """Have events posted to this address of ours. Raises TerminalError."""
        place = urlsplit(url)
        body = (
            "<HttpHostNotificationList><HttpHostNotification><id>1</id>"
            f"<url>{place.path}</url><protocolType>{place.scheme.upper()}</protocolType>"
            "<parameterFormatType>JSON</parameterFormatType><addressingFormatType>hostname</addressingFormatType>"
            f"<hostName>{place.hostname}</hostName><portNo>{place.port or (443 if place.scheme == 'https' else 80)}</portNo>"
            "<httpAuthenticationMethod>none</httpAuthenticationMethod>"
            "</HttpHostNotification></HttpHostNotificationList>"
        )
        self._send("PUT", "/ISAPI/Event/notification/httpHosts", body.encode(), "application/xml")

    def _json(self, method: str, path: str, body: dict[str, Any]) -> None:  # Any: JSON
        self._send(method, f"{path}?format=json", json.dumps(body).encode(), "application/json")

    def _send(self, method: str, path: str, body: bytes, kind: str) -> None:
        place = urlsplit(self._address)
        port = place.port or (443 if place.scheme == "https" else 80)
        try:
            with egress.allowing(place.hostname or "", port), httpx.Client(auth=self._auth, trust_env=False) as client:
                answer = client.request(
                    method, self._address + path, content=body, headers={"Content-Type": kind}, timeout=self._seconds
                )
        except (httpx.HTTPError, OSError) as error:
            raise TerminalError(type(error).__name__) from None  # its text holds the request
        if answer.status_code != 200:
            raise TerminalError(f"HTTP {answer.status_code}: {_status(answer)}")


def _status(answer: httpx.Response) -> str:
    """The terminal's own word for what is wrong."""
    try:
        return str(answer.json().get("subStatusCode", ""))[:60]
    except (ValueError, AttributeError):
        return ""


def _local(at: str) -> str:
    """Such a terminal takes times in its own zone, without naming it."""
    return timezone.localtime(datetime.fromisoformat(at)).strftime("%Y-%m-%dT%H:%M:%S")


def events(body: bytes, kind: str) -> Iterator[Event]:
    """The access events in what a terminal posted: JSON, or a part of a multipart with a picture that is not looked at.

    Raises ValueError for what makes no sense; heartbeats and other kinds are passed over.
    """
    said = _said(body, kind)
    if said.get("eventType") != "AccessControllerEvent":
        return
    try:
        found = said["AccessControllerEvent"]
        minor = int(found["subEventType"])
        if int(found["majorEventType"]) != ACCESS_CONTROL or minor not in CARD_EVENTS:
            return
        at = datetime.fromisoformat(said["dateTime"])
        if at.tzinfo is None:
            raise ValueError("a time without a zone")
        holder = str(found.get("employeeNoString") or "") or None
        card = str(found.get("cardNo") or "") or None
        yield Event(int(found["serialNo"]), at, holder, card, CARD_EVENTS[minor])
    except (KeyError, TypeError) as error:
        raise ValueError("no event") from error


def _said(body: bytes, kind: str) -> dict[str, Any]:
    """Raises ValueError."""
    if kind.startswith("multipart/"):
        _, marker, boundary = kind.partition("boundary=")
        if not marker:
            raise ValueError("a multipart without its boundary")
        parts = body.split(b"--" + boundary.strip('"').encode())
        body = next((part.partition(b"\r\n\r\n")[2] for part in parts if b"application/json" in part[:400]), b"")
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("no event")
    return found
