"""`python -m anju.recognition.measure PHOTOS [--json]`: how well models and bars do on labelled photographs.

PHOTOS holds one folder a person. docs/recognition.md is written from what this prints.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition import attacks, gallery, pictures, quality
from anju.recognition.faces import Face, FaceReader, Vector
from anju.recognition.liveness import Liveness, Passive, Rim, ScreenPattern
from anju.recognition.pictures import Picture

SIZES = (100, 1000, 20_000)
Scores = NDArray[np.float64]


def photographs(folder: Path) -> Iterator[tuple[str, Picture]]:
    """Every photograph with its person's folder name."""
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            yield path.parent.name, pictures.decode(path.read_bytes())


def pairs(vectors: dict[str, list[Vector]]) -> tuple[Scores, Scores]:
    """All cosines of one person's own pictures, and of different people's."""
    names = sorted(vectors)
    same = [float(a @ b) for own in vectors.values() for i, a in enumerate(own) for b in own[:i]]
    other = [float(a @ b) for i, name in enumerate(names) for m in names[:i] for a in vectors[name] for b in vectors[m]]
    return np.array(same), np.array(other)


def upper_tail(strangers: Scores, share: float = 0.2) -> NormalDist:
    """The normal distribution whose upper tail runs through the highest `share` of the scores."""
    ordered = np.sort(strangers)
    places = (np.arange(1, len(ordered) + 1) - 0.5) / len(ordered)
    high = places > 1 - share
    steps = [NormalDist().inv_cdf(float(place)) for place in places[high]]
    sigma, mu = np.polyfit(steps, ordered[high], 1)
    return NormalDist(float(mu), float(sigma))


def pareto_tail(strangers: Scores, share: float = 0.2) -> dict[str, float]:
    """A generalised Pareto tail over the highest `share`, by probability-weighted moments.

    A shape at or below 0 says that the tail falls at least as fast as an exponential.
    """
    start = float(np.quantile(strangers, 1 - share))
    over = np.sort(strangers[strangers > start] - start)
    weights = 1 - (np.arange(1, len(over) + 1) - 0.35) / len(over)
    first, second = float(over.mean()), float((weights * over).mean())
    return {
        "from": start,
        "shape": 2 - first / (first - 2 * second),
        "scale": 2 * first * second / (first - 2 * second),
        "mean_excess": first,
    }


def _spread(values: Scores) -> dict[str, float]:
    low, middle, high = (float(value) for value in np.percentile(values, [1, 50, 99]))
    return {
        "pairs": float(len(values)),
        "lowest": float(values.min()),
        "p1": low,
        "median": middle,
        "p99": high,
        "highest": float(values.max()),
    }


def _bars(same: Scores, other: Scores) -> dict[str, dict[str, float]]:
    tail = pareto_tail(other)
    found = {}
    for size in SIZES:
        wanted = gallery.bar(size)
        # The gloomiest reading of the same scores: an exponential tail from its start on.
        exponential = 0.2 * float(np.exp(-(wanted - tail["from"]) / tail["mean_excess"]))
        found[str(size)] = {
            "bar": wanted,
            "fnmr": float((same < wanted).mean()),
            "fmr": float((other >= wanted).mean()),
            "fpir_estimate": gallery.false_match_rate(wanted, size),
            "fpir_if_tail_were_exponential": float(-np.expm1(size * np.log1p(-exponential))),
        }
    return found


Attack = Callable[[Picture], Picture]
ATTACKS: dict[str, Attack] = {
    **{f"screen, {pitch} px": partial(attacks.screen, pitch=pitch) for pitch in (2, 2.7, 3.5, 5, 8, 12)},
    "screen, 2.7 px, then JPEG": lambda picture: _jpeg(attacks.screen(picture, 2.7)),
    **{f"print raster, {pitch} px": partial(attacks.printed, pitch=pitch) for pitch in (2, 3, 4.5)},
    "phone held up": lambda picture: attacks.held_up(picture, phone=True),
    "sheet held up": lambda picture: attacks.held_up(picture, phone=False),
    "sharp, fills the view": attacks.sharp,
}


def _jpeg(picture: Picture) -> Picture:
    return pictures.decode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


def _refused(reader: FaceReader, shots: list[tuple[Picture, Face]], attack: Attack) -> dict[str, float]:
    """Shares refused, of the attacks in which a face is found at all."""
    checks: dict[str, Liveness] = {"pattern": ScreenPattern(), "rim": Rim(), "either": Passive()}
    seen = [(picture, found[0]) for shot, _ in shots if (found := reader.find(picture := attack(shot)))]
    return {
        name: float(np.mean([check.score(*one) > check.refuse_above for one in seen])) for name, check in checks.items()
    }


def measure(folder: Path) -> dict[str, Any]:  # Any: a JSON report
    """FMR, FNMR, the fitted tail, bars with their FPIR, and liveness, on the photographs in `folder`."""
    reader = FaceReader()
    vectors: dict[str, list[Vector]] = {}
    shots: list[tuple[Picture, Face]] = []
    refused = 0
    for person, picture in photographs(folder):
        found = reader.find(picture)
        if quality.judge(picture, found, quality.GATE):
            refused += 1
            continue
        vectors.setdefault(person, []).append(reader.embed(picture, found[0]))
        shots.append((picture, found[0]))
    same, other = pairs(vectors)
    tail = upper_tail(other)
    return {
        "people": len(vectors),
        "photographs": len(shots),
        "refused_by_quality": refused,
        "genuine": _spread(same),
        "strangers": _spread(other),
        "normal_tail": {"mu": tail.mean, "sigma": tail.stdev},
        "pareto_tail": pareto_tail(other),
        "galleries": _bars(same, other),
        "liveness": {
            "photographs": _refused(reader, shots, lambda picture: picture),
            **{name: _refused(reader, shots, attack) for name, attack in ATTACKS.items()},
        },
    }


def _readable(report: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in report.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _readable(value, indent + "  ")
        else:
            yield f"{indent}{name}: {value:.3g}"


def main(arguments: list[str]) -> int:
    """Print the report. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m anju.recognition.measure", description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args(arguments)
    report = measure(chosen.photos)
    sys.stdout.write((json.dumps(report, indent=1) if chosen.json else "\n".join(_readable(report))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
