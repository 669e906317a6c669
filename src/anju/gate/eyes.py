"""Looking at one camera frame: a QR code, or a face and who it is."""

import time
from dataclasses import dataclass, field
from uuid import UUID

import cv2
import zxingcpp

from anju.gate.brain import Brain
from anju.recognition import quality
from anju.recognition.faces import FaceReader
from anju.recognition.gallery import Match
from anju.recognition.liveness import ScreenPattern
from anju.recognition.pictures import BadPicture, decode


@dataclass
class Sight:
    """What one frame showed. seconds: how long the two networks took, and everything else."""

    qr: str | None = None
    issue: quality.Issue | None = None
    box: tuple[int, int, int, int] | None = None
    match: Match[UUID] | None = None
    live: bool = True
    bad: bool = False
    seconds: dict[str, float] = field(default_factory=lambda: {"networks": 0.0, "rest": 0.0})


class Eyes:
    """Used from one worker thread."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self._faces = FaceReader()
        self._liveness = ScreenPattern()
        self._turn = 0
        cv2.setNumThreads(1)

    def warm(self) -> None:
        """Load the models."""
        self._faces.warm()

    def look(self, jpeg: bytes) -> Sight:
        """Judge one frame. Never raises for what a camera may send."""
        began = time.perf_counter()
        sight = Sight()
        try:
            picture = decode(jpeg)
        except BadPicture:
            sight.bad = True
            return sight
        started = time.perf_counter()
        faces = self._faces.find(picture)
        networks = time.perf_counter() - started
        self._turn += 1
        # A face needs two frames anyway, so the code takes turns with it; without a face every frame is read for codes.
        if not faces or self._turn % 2:
            codes = zxingcpp.read_barcodes(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), formats=zxingcpp.BarcodeFormat.QRCode, try_downscale=True)
            sight.qr = next((code.text for code in codes if code.text), None)
        if faces and sight.qr is None:
            sight.box = faces[0].box
            issues = quality.judge(picture, faces, quality.GATE)
            if issues:
                sight.issue = issues[0]
            else:
                started = time.perf_counter()
                vector = self._faces.embed(picture, faces[0])
                networks += time.perf_counter() - started
                sight.match = self._brain.gallery().match(vector)
                if sight.match is not None and sight.match.sure:
                    sight.live = self._liveness.score(picture, faces[0]) <= self._liveness.refuse_above
        elif not faces:
            sight.issue = quality.Issue.NO_FACE
        sight.seconds = {"networks": networks, "rest": time.perf_counter() - began - networks}
        return sight
