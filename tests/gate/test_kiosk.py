"""The kiosk as its page sees it: over its socket, with real photographs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from anju.gate import pages
from anju.gate.kiosk import MOST_FRAME
from tests.gate.made import Gate, Phone, grant
from tests.recognition import photographs

RESIDENT, STRANGER = "person00", "person02"

Frame = dict[str, Any]  # JSON


class Screen:
    """A kiosk page: shows frames, hears what to display."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self.socket = socket

    def hear(self) -> Frame:
        while (said := self.socket.receive_json())["type"] != "frame":
            continue
        return dict(said)

    def see(self, frame: bytes) -> Frame:
        self.socket.send_bytes(frame)
        return self.hear()

    def scan(self, code: object) -> Frame:
        self.socket.send_json({"permit": code})
        return self.hear()


def seen(code: str, beside: bytes | None = None) -> bytes:
    """A camera frame with this QR code on a phone, alone or beside somebody's face."""
    drawn = cv2.QRCodeEncoder.create().encode(code)
    phone = cv2.copyMakeBorder(
        cv2.resize(drawn, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST), 60, 60, 60, 60,
        cv2.BORDER_CONSTANT, value=255,
    )  # fmt: skip
    frame = cv2.cvtColor(phone, cv2.COLOR_GRAY2BGR)
    if beside is not None:
        face = photographs.picture(beside)
        blank = np.full((face.shape[0], frame.shape[1], 3), 200, np.uint8)
        blank[: frame.shape[0]] = frame
        frame = np.hstack([face, blank])
    return bytes(cv2.imencode(".jpg", frame)[1])


@pytest.fixture
def browser(gate: Gate, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(pages.app(gate.kiosk, tmp_path / "page")) as client:
        yield client


@pytest.fixture
def screen(browser: TestClient) -> Iterator[Screen]:
    with browser.websocket_connect("/kiosk/ws") as socket:
        yield Screen(socket)


@pytest.fixture
def resident(gate: Gate) -> list[bytes]:
    """Photographs of somebody who is enrolled by two others."""
    vectors = photographs.vectors()[RESIDENT]
    gate.knows(grant(), vectors[:2])
    return photographs.people()[RESIDENT][2:]


def test_a_resident_looks_at_the_camera_and_the_door_opens_at_the_second_frame(
    gate: Gate, screen: Screen, resident: list[bytes]
) -> None:
    first = screen.see(resident[0])
    assert (first["state"], first["code"], first["say"]) == ("looking", "hold_still", False)
    assert gate.door.opened == 0

    second = screen.see(resident[1])
    assert (second["state"], second["code"], second["say"]) == ("granted", "recognised", True)
    assert second["zh"] == "欢迎回家，请进"
    assert second["en"] == "Welcome home, please come in"
    assert len(second["box"]) == 4
    assert gate.door.opened == 1
    [entry] = gate.entries()
    assert (entry["way"], entry["result"], entry["reason"]) == ("face", "granted", "recognised")
    assert entry["score"] > 0.5 > entry["second"]


def test_a_resident_who_stays_in_view_opens_and_is_recorded_once(
    gate: Gate, screen: Screen, resident: list[bytes]
) -> None:
    states = [screen.see(resident[number % 3])["state"] for number in range(6)]
    assert states == ["looking", *["granted"] * 5]
    assert gate.door.opened == 1
    assert len(gate.entries()) == 1


@pytest.mark.usefixtures("resident")
def test_a_stranger_is_refused_politely_and_recorded_once(gate: Gate, screen: Screen) -> None:
    answers = [screen.see(frame) for frame in photographs.people()[STRANGER]]
    refused = [one for one in answers if one["state"] == "refused"]
    assert refused[0]["zh"] == "没有认出您，请出示二维码或联系物业"
    assert [one["say"] for one in refused] == [True, *[False] * (len(refused) - 1)]
    assert "granted" not in {one["state"] for one in answers}
    assert gate.door.opened == 0
    [entry] = gate.entries()
    assert (entry["result"], entry["reason"], entry["holder"]) == ("refused", "not_recognised", None)


def test_a_scanned_code_opens_once(gate: Gate, screen: Screen) -> None:
    phone = Phone()
    gate.learn(grant(phone))
    code = phone.permit()
    assert screen.scan(code)["code"] == "qr_ok"
    again = screen.scan(code)
    assert (again["state"], again["code"]) == ("refused", "qr_replayed")
    assert gate.door.opened == 1
    assert [entry["reason"] for entry in gate.entries()] == ["qr_ok", "qr_replayed"]


def test_a_code_held_before_the_camera_opens_once(gate: Gate, screen: Screen) -> None:
    phone = Phone()
    gate.learn(grant(phone))
    held = seen(phone.permit())
    answers = [screen.see(held) for _ in range(4)]
    assert [one["state"] for one in answers] == ["granted"] * 4
    assert [one["say"] for one in answers] == [True, False, False, False]
    assert gate.door.opened == 1
    assert [entry["reason"] for entry in gate.entries()] == ["qr_ok"]


@pytest.mark.usefixtures("resident")
def test_somebody_who_is_not_recognised_may_hold_a_code_beside_the_face(gate: Gate, screen: Screen) -> None:
    phone = Phone()
    gate.learn(grant(phone))
    stranger = photographs.people()[STRANGER][0]
    assert screen.see(stranger)["state"] == "looking"
    assert screen.see(seen(phone.permit(), beside=stranger))["code"] == "qr_ok"


def test_somebody_known_who_is_refused_may_hold_a_code_beside_the_face(gate: Gate, screen: Screen) -> None:
    vectors, pictures = photographs.vectors()[RESIDENT], photographs.people()[RESIDENT]
    phone = Phone()
    gate.knows(grant(until=datetime(2021, 1, 1, tzinfo=UTC)), vectors[:2])
    gate.learn(grant(phone))
    screen.see(pictures[2])
    assert screen.see(pictures[3])["code"] == "outside_window"
    assert screen.see(seen(phone.permit(), beside=pictures[2]))["code"] == "qr_ok"


def test_a_phone_whose_clock_is_ten_minutes_off_is_told_so(gate: Gate, screen: Screen) -> None:
    phone = Phone()
    gate.learn(grant(phone))
    refused = screen.scan(phone.permit(datetime.now(UTC) - timedelta(minutes=10)))
    assert (refused["state"], refused["code"]) == ("refused", "qr_expired")
    assert "校准手机时间" in refused["zh"]
    assert gate.door.opened == 0


def test_a_foreign_page_gets_no_socket(browser: TestClient) -> None:
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        with (
            pytest.raises(WebSocketDisconnect),
            browser.websocket_connect("/kiosk/ws", headers={"origin": origin}),
        ):
            pass
    with browser.websocket_connect("/kiosk/ws", headers={"origin": "http://testserver"}) as socket:
        assert socket.receive_json()["type"] == "status"


def test_a_page_is_told_how_the_gate_is(browser: TestClient) -> None:
    with browser.websocket_connect("/kiosk/ws") as socket:
        status = socket.receive_json()
    assert status["name"] == "东门"
    assert (status["online"], status["door"]) == (False, "closed")
    assert abs(datetime.fromisoformat(status["now"]) - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "frame",
    [b"", b"%PDF-1.7 named .jpg", b"\xff\xd8\xff\xe0 cut off"],
    ids=["empty", "a PDF", "half a JPEG"],
)
def test_what_is_no_frame_shows_nothing_and_the_next_frame_is_judged(
    gate: Gate, screen: Screen, resident: list[bytes], frame: bytes
) -> None:
    assert screen.see(frame)["state"] == "idle"
    assert screen.see(resident[0])["state"] == "looking"
    assert gate.entries() == []


def test_a_frame_over_two_megabytes_shows_nothing_even_if_it_is_a_face(screen: Screen, resident: list[bytes]) -> None:
    padded = resident[0] + bytes(MOST_FRAME)
    assert screen.see(padded[:MOST_FRAME])["state"] == "looking"
    assert screen.see(padded)["state"] == "idle"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"permit": 5}', '{"other": 1}', "[" * 100_000])
def test_what_is_no_message_is_ignored(screen: Screen, resident: list[bytes], text: str) -> None:
    screen.socket.send_text(text)
    assert screen.see(resident[0])["state"] == "looking"


def test_frames_do_not_pile_up_behind_a_slow_one(screen: Screen, resident: list[bytes]) -> None:
    for _ in range(30):
        screen.socket.send_bytes(resident[0])
    answers = [screen.hear()]
    screen.socket.send_json({"permit": "by now every frame has arrived"})
    while answers[-1]["code"] != "qr_unknown":
        answers.append(screen.hear())
    assert len(answers) <= 5


def test_health_gives_counts_and_milliseconds_and_nobodys_name(
    gate: Gate, screen: Screen, browser: TestClient, resident: list[bytes]
) -> None:
    screen.see(resident[0])
    screen.see(resident[1])
    health = browser.get("/health").json()
    assert (health["ok"], health["grants"], health["templates"], health["queued"]) == (True, 1, 1, 1)
    times = health["milliseconds"]
    assert 0 < times["networks_p50"] < 5000
    assert 0 < times["rest_p50"] <= times["rest_p99"] < 5000
    assert gate.me.gate not in str(health)


def test_every_answer_carries_the_security_headers(browser: TestClient) -> None:
    headers = browser.get("/health").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
