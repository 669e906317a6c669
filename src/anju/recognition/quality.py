"""Whether a picture of a face is good enough to be somebody, and if not, what is wrong with it."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition.faces import Face, align
from anju.recognition.pictures import Picture


class Issue(StrEnum):
    """What is wrong with a picture."""

    NO_FACE = "no_face"
    MANY_FACES = "many_faces"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OFF_CENTRE = "off_centre"
    TURNED = "turned"
    TILTED = "tilted"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    BLURRED = "blurred"
    COVERED = "covered"


@dataclass(frozen=True)
class Bar:
    """What is asked of a picture. docs/recognition.md says what photographs measure.

    eyes: pixels between them. blur: variance of the Laplacian over the aligned face. yaw: see `turned`.
    pitch: see `raised`, lowest and highest. roll: degrees. dark, bright: mean grey of the face, 0 to 255.
    uneven: difference of the face's halves over its mean. confidence: the detector's.
    """

    eyes: float
    blur: float
    yaw: float
    pitch: tuple[float, float]
    roll: float
    dark: float
    bright: float
    uneven: float
    confidence: float


ENROLMENT = Bar(
    eyes=45, blur=60, yaw=0.40, pitch=(0.42, 0.74), roll=20, dark=50, bright=220, uneven=0.65, confidence=0.85
)
GATE = Bar(eyes=40, blur=25, yaw=0.50, pitch=(0.38, 0.78), roll=25, dark=40, bright=230, uneven=0.75, confidence=0.8)

_IN_VIEW = 0.8
"""Photographs: 0.99 and more; with a tenth of the face cut off at a side 0.69 to 0.82."""

# Eyes behind dark glass are far darker than the bridge of the nose; a mask has no lips and no shadow under
# them. Photographs: eyes 0.43 and more of the bridge, lips 24 grey levels and more (docs/recognition.md).
_DARK_EYES = 0.25
_FLAT_MOUTH = 12.0


def turned(face: Face) -> float:
    """How far the head is turned sideways: 0 straight, about 1 in profile.

    The nose against eyes and mouth.
    """
    right, left, nose, mouth_right, mouth_left = face.marks
    across = (left - right) / max(face.eyes, 1)
    middle = (right + left + mouth_right + mouth_left) / 4
    return float(abs((nose - middle) @ across) / max(face.eyes, 1) * 2)


def raised(face: Face) -> float:
    """Where the nose's tip lies between eyes (0) and mouth (1): about 0.6 straight, less with the chin up."""
    right, left, nose, mouth_right, mouth_left = face.marks
    eyes = (right + left) / 2
    down = (mouth_right + mouth_left) / 2 - eyes
    return float((nose - eyes) @ down / max(float(down @ down), 1))


def tilted(face: Face) -> float:
    """How far the head leans to a shoulder, degrees."""
    across = face.marks[1] - face.marks[0]
    return float(abs(np.degrees(np.arctan2(across[1], across[0]))))


def in_view(picture: Picture, face: Face) -> float:
    """The share of what `align` cuts out that lies inside the picture, as if the head were upright.

    The detector's box does not tell: it shrinks to whatever is left of a face.
    """
    # Of the 112 pixels of the aligned face 35.2 lie between the eyes, in the middle and 4.4 above it.
    unit = face.eyes / 35.2
    (right_x, right_y), (left_x, left_y), *_ = face.marks.tolist()
    x, y = (right_x + left_x) / 2, (right_y + left_y) / 2 + 4.4 * unit
    height, width = picture.shape[:2]
    across = min(x + 56 * unit, width) - max(x - 56 * unit, 0)
    down = min(y + 56 * unit, height) - max(y - 56 * unit, 0)
    return max(across, 0) * max(down, 0) / max((112 * unit) ** 2, 1)


def judge(picture: Picture, faces: list[Face], bar: Bar) -> list[Issue]:
    """Everything wrong with the picture's largest face, the most helpful to say first; empty: good enough.

    faces: as `FaceReader.find` gives them, the largest first.
    """
    if not faces:
        return [Issue.NO_FACE]
    face = faces[0]
    # Somebody far behind is no second face; somebody at half the size or more is.
    if len(faces) > 1 and faces[1].box[2] * 2 >= face.box[2]:
        return [Issue.MANY_FACES]
    issues = _place(picture, face, bar)
    if turned(face) > bar.yaw:
        issues.append(Issue.TURNED)
    if tilted(face) > bar.roll or not bar.pitch[0] <= raised(face) <= bar.pitch[1]:
        issues.append(Issue.TILTED)
    upright = align(picture, face)
    grey = cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY)
    issues += _light(grey, bar)
    if cv2.Laplacian(grey, cv2.CV_64F).var() < bar.blur:
        issues.append(Issue.BLURRED)
    if face.confidence < bar.confidence or (Issue.TOO_DARK not in issues and _covered(grey)):
        issues.append(Issue.COVERED)
    return issues


def _place(picture: Picture, face: Face, bar: Bar) -> list[Issue]:
    issues: list[Issue] = []
    height, width = picture.shape[:2]
    _, _, w, h = face.box
    if face.eyes < bar.eyes:
        issues.append(Issue.TOO_SMALL)
    elif w > 0.9 * width and h > 0.9 * height:
        issues.append(Issue.TOO_LARGE)
    if in_view(picture, face) < _IN_VIEW:
        issues.append(Issue.OFF_CENTRE)
    return issues


def _light(grey: NDArray[np.uint8], bar: Bar) -> list[Issue]:
    issues: list[Issue] = []
    middle = grey[24:104, 16:96]
    mean = float(middle.mean())
    if mean < bar.dark:
        issues.append(Issue.TOO_DARK)
    elif mean > bar.bright:
        issues.append(Issue.TOO_BRIGHT)
    if abs(float(middle[:, :40].mean()) - float(middle[:, 40:].mean())) / max(mean, 1) > bar.uneven:
        issues.append(Issue.UNEVEN_LIGHT)
    return issues


def _covered(grey: NDArray[np.uint8]) -> bool:
    """Dark glasses or a mask, on the aligned face."""
    eyes = max(float(np.median(grey[47:57, 31:46])), float(np.median(grey[47:57, 66:81])))
    bridge = float(np.median(grey[34:56, 50:62]))
    return eyes < _DARK_EYES * bridge or float(grey[82:102, 40:72].std()) < _FLAT_MOUTH
