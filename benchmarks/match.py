"""One face against 20,000 people."""

import time

import numpy as np

from anju.recognition.faces import DIMENSIONS
from anju.recognition.gallery import Gallery
from anju.site.report import Figure, Report
from benchmarks.figures import percentile

PEOPLE = 20_000
ROUNDS = 300


def run(report: Report) -> None:
    """Gallery.match against the product alone, in turns."""
    numbers = np.random.default_rng(1)
    vectors = numbers.normal(size=(PEOPLE, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = Gallery({number: [vector] for number, vector in enumerate(vectors)})
    bare: list[float] = []
    ours: list[float] = []
    for number in range(ROUNDS):
        probe = vectors[number]
        began = time.perf_counter()
        _ = vectors @ probe
        middle = time.perf_counter()
        match = gallery.match(probe)
        ours.append(time.perf_counter() - middle)
        bare.append(middle - began)
        assert match is not None
        assert match.key == number
    report.add("numpy product alone", Figure(percentile(bare, 0.5) * 1000, "ms"))
    report.add("match, p50", Figure(percentile(ours, 0.5) * 1000, "ms"))
    report.add("match / product", Figure(percentile(ours, 0.5) / percentile(bare, 0.5), "x", 1.5))
