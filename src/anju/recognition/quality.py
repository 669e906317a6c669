"""Whether a picture of a face is good enough to be somebody, and if not, what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from anju.recognition.faces import Face
from anju.recognition.pictures import Picture


class Issue(StrEnum):
    """What is wrong with a picture, the most helpful to say first."""

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
    """What is asked of a picture. eyes: pixels between them; blur: variance of the Laplacian on the 112-pixel face."""

    eyes: float
    blur: float
    yaw: float
    roll: float
    dark: float
    bright: float
    uneven: float
    confidence: float


ENROLMENT = Bar(eyes=45, blur=40, yaw=0.40, roll=20, dark=50, bright=220, uneven=0.65, confidence=0.85)
GATE = Bar(eyes=40, blur=25, yaw=0.45, roll=25, dark=40, bright=230, uneven=0.7, confidence=0.8)


def turned(face: Face) -> float:
    """How far the head is turned sideways: 0 straight, about 1 in profile. The nose against the middle of eyes and mouth."""
    right, left, nose, mouth_right, mouth_left = face.marks
    middle = (right + left + mouth_right + mouth_left) / 4
    return float(abs(nose[0] - middle[0]) / max(face.eyes, 1) * 2)


def tilted(face: Face) -> float:
    """How far the head leans to a shoulder, degrees."""
    across = face.marks[1] - face.marks[0]
    return float(abs(np.degrees(np.arctan2(across[1], across[0]))))


def _crop(picture: Picture, face: Face) -> Picture:
    x, y, width, height = face.box
    cut = picture[max(0, y) : y + height, max(0, x) : x + width]
    return cv2.resize(cut, (112, 112), interpolation=cv2.INTER_AREA)


def judge(picture: Picture, faces: list[Face], bar: Bar) -> list[Issue]:
    """Everything wrong with the picture's largest face, the most helpful first; empty: good enough."""
    if not faces:
        return [Issue.NO_FACE]
    face = faces[0]
    # Somebody far behind is no second face; somebody at half the size or more is.
    if len(faces) > 1 and faces[1].box[2] * 2 >= face.box[2]:
        return [Issue.MANY_FACES]
    issues: list[Issue] = []
    height, width = picture.shape[:2]
    x, y, w, h = face.box
    if face.eyes < bar.eyes:
        issues.append(Issue.TOO_SMALL)
    elif w > 0.9 * width and h > 0.9 * height:
        issues.append(Issue.TOO_LARGE)
    inside = max(0, min(x + w, width) - max(x, 0)) * max(0, min(y + h, height) - max(y, 0))
    if inside < 0.92 * w * h:
        issues.append(Issue.OFF_CENTRE)
    if turned(face) > bar.yaw:
        issues.append(Issue.TURNED)
    if tilted(face) > bar.roll:
        issues.append(Issue.TILTED)
    if min(w, h) > 8 and inside:
        issues += _light(_crop(picture, face), bar)
    if face.confidence < bar.confidence:
        issues.append(Issue.COVERED)
    return issues


def _light(crop: Picture, bar: Bar) -> list[Issue]:
    issues: list[Issue] = []
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    middle = grey[16:96, 16:96]
    mean = float(middle.mean())
    if mean < bar.dark:
        issues.append(Issue.TOO_DARK)
    elif mean > bar.bright:
        issues.append(Issue.TOO_BRIGHT)
    halves = float(middle[:, :40].mean()), float(middle[:, 40:].mean())
    if abs(halves[0] - halves[1]) / max(mean, 1) > bar.uneven:
        issues.append(Issue.UNEVEN_LIGHT)
    if cv2.Laplacian(grey, cv2.CV_64F).var() < bar.blur:
        issues.append(Issue.BLURRED)
    return issues
