"""Somebody before the gate's camera: frames in over the kiosk page's own socket, what it shows out."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from websockets.sync.client import connect
from websockets.typing import Origin

_GAP = 0.08
"""Seconds between frames."""


def _empty() -> bytes:
    grey = np.full((480, 640, 3), 128, np.uint8)
    return cv2.imencode(".jpg", grey)[1].tobytes()


@dataclass(frozen=True)
class Shown:
    """What the screen showed in the end. milliseconds: from the first frame to it."""

    state: str
    code: str
    zh: str
    en: str
    say: bool
    milliseconds: float

    @property
    def opened(self) -> bool:
        return self.state == "granted"


class Kiosk:
    """The camera and the screen of one gate. gate: its ws:// address."""

    def __init__(self, gate: str) -> None:
        origin = Origin(gate.replace("ws://", "http://"))
        self._socket = connect(f"{gate}/kiosk/ws", origin=origin, max_size=None).__enter__()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.__exit__(kind, error, trace)

    def _answer(self) -> dict[str, Any]:  # JSON
        while True:
            said: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
            if said["type"] == "frame":
                return said

    def send(self, frame: bytes) -> dict[str, Any]:  # JSON
        """One frame; returns what the page would show."""
        self._socket.send(frame)
        return self._answer()

    def look(self, frames: Sequence[bytes], seconds: float = 4) -> Shown:
        """Stand before the camera until it lets one in, or refuses, or time is up."""
        began = time.perf_counter()
        said: dict[str, Any] = {}
        number = 0
        while time.perf_counter() - began < seconds:
            said = self.send(frames[number % len(frames)])
            number += 1
            if said["state"] in ("granted", "refused"):
                break
            time.sleep(_GAP)
        return self._shown(said, began)

    def scan(self, permit: str) -> Shown:
        """Hold a QR code before the scanner."""
        began = time.perf_counter()
        self._socket.send(json.dumps({"permit": permit}))
        return self._shown(self._answer(), began)

    def call(self, do: str, **said: Any) -> dict[str, Any]:  # JSON
        """Press something of the dial pad; returns the next thing the page is told of calls."""
        self._socket.send(json.dumps({"call": {"do": do, **said}}))
        return self.called()

    def called(self) -> dict[str, Any]:  # JSON
        """What the page is told of calls next."""
        while True:
            told: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
            if told["type"] in ("call", "message"):
                return told

    def walk_away(self) -> None:
        """Leave, and wait until the gate is ready for the next person."""
        until = time.perf_counter() + 10
        gone_since = time.perf_counter()
        while time.perf_counter() < until:
            idle = self.send(_empty())["state"] == "idle"
            if idle and time.perf_counter() - gone_since > 2.5:
                return
            time.sleep(0.2)

    @staticmethod
    def _shown(said: dict[str, Any], began: float) -> Shown:
        taken = (time.perf_counter() - began) * 1000
        return Shown(said["state"], said["code"], said["zh"], said["en"], bool(said["say"]), taken)
