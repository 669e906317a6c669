"""A camera frame in, the door's command out: the gate's own program, 20,000 templates, one core."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import cv2
import httpx
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.gate import identity
from anju.gate.eyes import SIDE
from anju.gate.store import Store
from anju.grants import encoding
from anju.grants.grant import FaceRef, Grant, Way
from anju.installation.paths import REPO
from anju.recognition import pictures, quality
from anju.recognition.faces import DIMENSIONS, FaceReader, Vector
from anju.recognition.pictures import Picture
from anju.site.report import Figure, Report
from anju.site.tour import photos
from anju.site.tour.kiosk import Kiosk
from anju.site.tour.scratch import free_port
from benchmarks.figures import percentile
from benchmarks.serving import serving

PEOPLE = 20_000
FRAMES = 200
APPROACHES = 8
BATCH = 500


def _registration(home: Path) -> None:
    """A gate that was registered once and has not heard of its platform since."""
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    said = {
        "gate": str(uuid4()),
        "name": "bench",
        "nats": [f"nats://127.0.0.1:{free_port()}"],
        "jwt": "none",
        "platform_key": encoding.encode(key),
        "settings": {"open_seconds": 1, "time_zone": "Asia/Shanghai"},
    }
    home.mkdir(exist_ok=True)
    (home / "registration.json").write_text(json.dumps(said))


def _grant() -> Grant:
    return Grant(
        uuid4(), 1, uuid4(), frozenset({Way.FACE}), datetime(2026, 1, 1, tzinfo=UTC), None, {}, FaceRef(1, False)
    )


def _fill(home: Path, known: list[list[Vector]]) -> None:
    """Grants and templates: the people of the photographs among strangers."""
    me = identity.load(home)
    store = Store(home / "gate.db", me.storage)
    store.serve(me.gate, me.registration)
    store.set_clock(datetime.now(UTC), 0)
    numbers = np.random.default_rng(1)
    rest = PEOPLE - len(known)
    made = numbers.normal(size=(rest, DIMENSIONS)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    everybody = [*known, *([one] for one in made)]
    for start in range(0, PEOPLE, BATCH):
        grants = [_grant() for _ in everybody[start : start + BATCH]]
        store.apply(grants, start + BATCH)
        faces = zip(grants, everybody[start : start + BATCH], strict=True)
        store.keep_templates([(grant.id, 1, vectors) for grant, vectors in faces])
    store.close()


def _enrolled() -> tuple[list[list[Vector]], list[list[bytes]]]:
    """Vectors of each shipped person's first photograph, and camera frames of their second."""
    reader = FaceReader(SIDE)
    vectors, frames = [], []
    for sitter in photos.shipped():
        picture = pictures.decode(sitter.photos[0])
        vectors.append([reader.embed(picture, reader.find(picture)[0])])
        shots = [_jpeg(photos.arms_length(sitter.photos[1], width=800, height=450, shift=shift)) for shift in (0, 3)]
        if all(_clear(reader, shot) for shot in shots):
            frames.append(shots)
    return vectors, frames


def _jpeg(picture: Picture) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _clear(reader: FaceReader, shot: bytes) -> bool:
    picture = pictures.decode(shot)
    return not quality.judge(picture, reader.find(picture), quality.GATE)


@contextmanager
def gate(home: Path) -> Iterator[int]:
    """The gate's program on one core of its own."""
    port = free_port()
    command = [sys.executable, "-m", "anju.gate", "run", "--home", str(home), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    with serving(["taskset", "-c", "0", *command], environment, f"http://127.0.0.1:{port}/health"):
        yield port


def run(report: Report) -> None:
    """Frames of people who are known, as the kiosk's page sends them."""
    vectors, frames = _enrolled()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "gate"
        _registration(home)
        _fill(home, vectors)
        with gate(home) as port, Kiosk(f"ws://127.0.0.1:{port}") as kiosk:
            for number in range(APPROACHES):
                shown = kiosk.look(frames[number % len(frames)])
                assert shown.opened, f"{number}: {shown}"
                kiosk.walk_away()
            took = []
            for number in range(FRAMES):
                began = time.perf_counter()
                kiosk.send(frames[number // 20 % len(frames)][number % 2])
                took.append((time.perf_counter() - began) * 1000)
            inside = httpx.get(f"http://127.0.0.1:{port}/health").json()["milliseconds"]
    report.add("frame to answer, p50", Figure(percentile(took, 0.5), "ms", 60))
    report.add("frame to answer, p99", Figure(percentile(took, 0.99), "ms"))
    report.add("the two networks, p50", Figure(inside["networks_p50"], "ms"))
    report.add("everything else up to the door, p50", Figure(inside["rest_p50"], "ms"))
    report.add("everything else up to the door, p99", Figure(inside["rest_p99"], "ms", 5))
