"""Whether there is a person before the camera or a picture of one. What it stops and what not: docs/recognition.md."""

from typing import Protocol

import cv2
import numpy as np

from anju.recognition.faces import Face
from anju.recognition.pictures import Picture


class Liveness(Protocol):
    """A check of one frame. Implementations may also use an infrared or depth camera."""

    def score(self, picture: Picture, face: Face) -> float:
        """0: surely a person; 1: surely a picture of one."""
        ...


class ScreenPattern:
    """A passive check for screens and coarse prints.

    A camera looking at a grid of pixels or print dots sees a regular pattern that skin never has: a few sharp peaks in the
    middle and high frequencies of the face's spectrum, far above what lies around them.
    """

    refuse_above = 0.5
    _SIDE = 160

    def score(self, picture: Picture, face: Face) -> float:
        peak = self.peak(picture, face)
        # 4 and 6.4 lie between measured photographs and simulated screens (docs/recognition.md).
        return float(np.clip((peak - 4.0) / (6.4 - 4.0), 0, 1))

    def peak(self, picture: Picture, face: Face) -> float:
        """How far the sharpest spectral peak stands above its ring, in the ring's own deviations (log scale)."""
        x, y, width, height = face.box
        cut = picture[max(0, y) : y + height, max(0, x) : x + width]
        if min(cut.shape[:2]) < 48:
            return 0.0
        side = min(self._SIDE, *cut.shape[:2])
        top, left = (cut.shape[0] - side) // 2, (cut.shape[1] - side) // 2
        grey = cv2.cvtColor(cut[top : top + side, left : left + side], cv2.COLOR_BGR2GRAY).astype(np.float32)
        window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
        spectrum = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * window))))
        rows, columns = np.indices(spectrum.shape)
        radius = np.hypot(rows - side / 2, columns - side / 2)
        best = 0.0
        for inner in range(int(side * 0.16), int(side * 0.46), max(4, side // 20)):
            ring = spectrum[(radius >= inner) & (radius < inner + max(4, side // 20))]
            middle = float(np.median(ring))
            spread = float(np.median(np.abs(ring - middle))) * 1.4826 + 1e-6
            best = max(best, (float(ring.max()) - middle) / spread)
        return best
