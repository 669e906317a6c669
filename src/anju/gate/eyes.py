"""Looking at one camera frame: a QR code, or a face and who it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import cv2
import numpy as np
import zxingcpp

from anju.recognition import quality
from anju.recognition.faces import Face, FaceReader, Vector
from anju.recognition.gallery import Gallery, Match
from anju.recognition.liveness import Liveness, Passive
from anju.recognition.pictures import BadPicture, Picture, decode

SIDE = 480
"""Pixels on which faces are looked for. Against 640: a third less time, scores nearly the same (docs/recognition.md)."""


@dataclass
class Sight:
    """What one frame showed.

    box: the largest face. issue: why it cannot be judged. clear: it could be, and `match` (None: nobody is enrolled
    here), `live` and `vector` say what came of it. networks: seconds spent in the two networks.
    """

    qr: str | None = None
    box: tuple[int, int, int, int] | None = None
    issue: quality.Issue | None = None
    clear: bool = False
    match: Match[UUID] | None = None
    live: bool = True
    vector: Vector | None = None
    networks: float = 0.0


class Eyes:
    """Used from one worker thread."""

    def __init__(self, liveness: Liveness | None = None, threads: int = 1) -> None:
        """liveness: None takes the passive checks. threads: how many the networks may use."""
        self._faces = FaceReader(SIDE)
        self._liveness: Liveness = liveness or Passive()
        cv2.setNumThreads(threads)

    def warm(self) -> None:
        """Load the models, and go once through everything that a face goes through."""
        self._faces.warm()
        picture = np.random.default_rng(1).integers(0, 255, (540, 960, 3), np.uint8)
        marks = np.array([[430, 230], [530, 230], [480, 290], [440, 340], [520, 340]], np.float32)
        face = Face((380, 130, 200, 270), marks, 1.0, np.zeros(15, np.float32))
        quality.judge(picture, [face], quality.GATE)
        self._liveness.score(picture, face)
        _code(picture, beside_a_face=True)

    def look(self, jpeg: bytes, gallery: Gallery[UUID], wants_code: Callable[[Sight], bool]) -> Sight:
        """Judge one frame. What is no picture shows nothing.

        wants_code: told what the face is; says whether a code in the same frame would matter.
        """
        sight = Sight()
        try:
            picture = decode(jpeg)
        except BadPicture:
            return sight
        self._face(picture, gallery, sight)
        if wants_code(sight):
            sight.qr = _code(picture, beside_a_face=sight.box is not None)
        return sight

    def _face(self, picture: Picture, gallery: Gallery[UUID], sight: Sight) -> None:
        started = time.perf_counter()
        faces = self._faces.find(picture)
        sight.networks = time.perf_counter() - started
        if not faces:
            return
        sight.box = faces[0].box
        issues = quality.judge(picture, faces, quality.GATE)
        if issues:
            sight.issue = issues[0]
            return
        # Before the embedding, whose weights drive the picture out of the processor's cache.
        sight.live = self._liveness.score(picture, faces[0]) <= self._liveness.refuse_above
        started = time.perf_counter()
        vector = sight.vector = self._faces.embed(picture, faces[0])
        sight.networks += time.perf_counter() - started
        sight.clear = True
        sight.match = gallery.match(vector)


def _code(picture: Picture, *, beside_a_face: bool) -> str | None:
    """The text of a QR code in view."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if beside_a_face:  # a phone held up there is nearer than the face: half the pixels do
        grey = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    codes = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    return next((code.text for code in codes if code.text), None)
