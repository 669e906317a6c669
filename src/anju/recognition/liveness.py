"""Whether there is a person before the camera or a picture of one.

What it stops and what not: docs/recognition.md.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition.faces import Face
from anju.recognition.pictures import Picture


class Liveness(Protocol):
    """A check of one frame. One that has an infrared or depth camera fits here as well."""

    refuse_above: float

    def score(self, picture: Picture, face: Face) -> float:
        """0: nothing suspicious; 1: surely a picture of a person."""
        ...


class ScreenPattern:
    """Screens and coarse prints.

    A camera looking at a grid of pixels or print dots sees a regular pattern that skin never has: a few sharp
    peaks in the middle and high frequencies of the face's spectrum, far above what lies around them.
    """

    refuse_above = 0.5
    _SIDE = 128
    # Between measured photographs and simulated screens (docs/recognition.md).
    _NOTHING, _SURELY = 3.8, 5.4

    def score(self, picture: Picture, face: Face) -> float:
        """How sure the pattern is, 0 to 1."""
        share = (self.peak(picture, face) - self._NOTHING) / (self._SURELY - self._NOTHING)
        return float(np.clip(share, 0, 1))

    def peak(self, picture: Picture, face: Face) -> float:
        """How far the sharpest spectral peak stands above its ring, in the ring's own deviations (log)."""
        x, y, width, height = face.box
        cut = picture[max(0, y) : y + height, max(0, x) : x + width]
        side = min(self._SIDE, *cut.shape[:2]) // 2 * 2
        if side < 48:
            return 0.0
        top, left = (cut.shape[0] - side) // 2, (cut.shape[1] - side) // 2
        grey = cv2.cvtColor(cut[top : top + side, left : left + side], cv2.COLOR_BGR2GRAY).astype(np.float32)
        spectrum = _spectrum((grey - grey.mean()) * _window(side))
        return max(_stands_out(spectrum[ring]) for ring in _rings(side))


def _spectrum(square: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logarithm of each wave's strength, side x (side / 2 + 1), flattened."""
    waves = cv2.dft(square, flags=cv2.DFT_COMPLEX_OUTPUT)[:, : square.shape[1] // 2 + 1]
    return np.log1p(cv2.magnitude(waves[..., 0], waves[..., 1])).ravel()


@lru_cache(8)
def _window(side: int) -> NDArray[np.float32]:
    return np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)


@lru_cache(8)
def _rings(side: int) -> list[NDArray[np.intp]]:
    """Places of equal frequency in a flattened side x (side / 2 + 1) spectrum: waves of 2 to 8 pixels."""
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]).ravel() * side
    thick = max(4, side // 20)
    inner = range(int(side * 0.12), side // 2 + 1, thick)
    return [np.flatnonzero((radius >= near) & (radius < near + thick)) for near in inner]


def _stands_out(ring: NDArray[np.float32]) -> float:
    middle = np.partition(ring, len(ring) // 2)[len(ring) // 2]
    away = np.abs(ring - middle)
    spread = float(np.partition(away, len(away) // 2)[len(away) // 2]) * 1.4826 + 1e-6
    return float(ring.max() - middle) / spread


_NOISE = 1.5
"""Grey levels; a camera's picture of even a bare wall varies more."""


class Rim:
    """A phone, tablet or sheet held up: four straight edges all around the face, well inside the view."""

    refuse_above = 0.5
    _SIDE = 240

    def score(self, picture: Picture, face: Face) -> float:
        """1 when the face is inside such a rectangle, else 0."""
        scale = self._SIDE / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (7, 7), 0)
        edges = cv2.dilate(cv2.Canny(grey, 40, 120), np.ones((3, 3), np.uint8))
        outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        height, width = small.shape[:2]
        x, y, w, h = (value * scale for value in face.box)
        corners = [(x, y), (x + w, y), (x, y + h), (x + w, y + h)]
        return float(
            any(_is_card(outline, corners, width, height) and _has_surroundings(grey, outline) for outline in outlines)
        )


def _is_card(outline: NDArray[np.int32], corners: Sequence[tuple[float, float]], width: int, height: int) -> bool:
    """Whether this outline is a rectangle that holds the face and does not touch the view's edge."""
    if len(outline) < 4:
        return False
    area = cv2.contourArea(outline)
    if not 0.1 * width * height < area < 0.92 * width * height:
        return False
    shape = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, True), True)
    if len(shape) != 4 or not cv2.isContourConvex(shape):
        return False
    points = shape.reshape(4, 2)
    if points.min() < 4 or (points[:, 0] > width - 5).any() or (points[:, 1] > height - 5).any():
        return False
    _, sizes, _ = cv2.minAreaRect(outline)
    if area < 0.85 * sizes[0] * sizes[1]:
        return False
    return all(cv2.pointPolygonTest(outline, corner, False) >= 0 for corner in corners)


def _has_surroundings(grey: NDArray[np.uint8], outline: NDArray[np.int32]) -> bool:
    """Whether there is a scene around the card.

    A margin without any noise was added by software, not seen by a camera.
    """
    inside = cv2.drawContours(np.zeros_like(grey), [outline], -1, 255, cv2.FILLED)
    outside = grey[cv2.dilate(inside, np.ones((15, 15), np.uint8)) == 0]
    return outside.size > 0 and float(outside.std()) > _NOISE


class Passive:
    """Both checks: what a single ordinary camera can tell."""

    refuse_above = 0.5

    def __init__(self) -> None:
        self._checks: tuple[Liveness, ...] = (ScreenPattern(), Rim())

    def score(self, picture: Picture, face: Face) -> float:
        """The more suspicious of the two."""
        return max(check.score(picture, face) for check in self._checks)
