"""`python -m anju.recognition.measure PHOTOS`: how well the models and bars do on labelled photographs (one folder a person).

Prints one JSON object; docs/recognition.md is written from it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition import gallery, liveness, pictures, quality
from anju.recognition.faces import Face, FaceReader, Vector
from anju.recognition.pictures import Picture


def photographs(folder: Path) -> Iterator[tuple[str, Picture]]:
    """Every photograph with its person's folder name."""
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            yield path.parent.name, pictures.decode(path.read_bytes())


def screen(picture: Picture, pitch: float, seed: int = 0) -> Picture:
    """The picture as a camera sees it on a screen whose pixels fall `pitch` camera pixels apart: subpixel stripes, slightly turned."""
    height, width = picture.shape[:2]
    angle = np.radians(1.5 + seed % 5)
    rows, columns = np.indices((height, width)).astype(np.float32)
    across = columns * np.cos(angle) + rows * np.sin(angle)
    down = rows * np.cos(angle) - columns * np.sin(angle)
    out = np.empty_like(picture, np.float32)
    for channel in range(3):
        stripe = 0.5 + 0.5 * np.cos(2 * np.pi * (across / pitch + channel / 3))
        line = 0.5 + 0.5 * np.cos(2 * np.pi * down / pitch)
        out[..., channel] = picture[..., channel] * (0.55 + 0.3 * stripe + 0.15 * line)
    seen = cv2.GaussianBlur(out, (0, 0), 0.6)
    return np.clip(seen * 1.15, 0, 255).astype(np.uint8)


def printed(picture: Picture, pitch: float) -> Picture:
    """The picture as a coarse print: a dot raster of `pitch` camera pixels, turned 30 degrees."""
    height, width = picture.shape[:2]
    rows, columns = np.indices((height, width)).astype(np.float32)
    angle = np.radians(30)
    across, down = columns * np.cos(angle) + rows * np.sin(angle), rows * np.cos(angle) - columns * np.sin(angle)
    raster = (np.cos(2 * np.pi * across / pitch) + np.cos(2 * np.pi * down / pitch)) * 0.12 + 0.9
    return np.clip(cv2.GaussianBlur(picture * raster[..., None].astype(np.float32), (0, 0), 0.6), 0, 255).astype(np.uint8)


def _refused(check: liveness.ScreenPattern, shots: list[tuple[Picture, Face]]) -> float:
    return float(np.mean([check.score(picture, face) > check.refuse_above for picture, face in shots])) if shots else 0.0


def measure(folder: Path) -> dict[str, Any]:  # Any: a JSON report
    """FMR, FNMR and liveness figures on the photographs in `folder`."""
    reader, check = FaceReader(), liveness.ScreenPattern()
    vectors: dict[str, list[Vector]] = {}
    shots: list[tuple[Picture, Face]] = []
    refused: list[str] = []
    for person, picture in photographs(folder):
        found = reader.find(picture)
        if quality.judge(picture, found, quality.GATE):
            refused.append(person)
            continue
        vectors.setdefault(person, []).append(reader.embed(picture, found[0]))
        shots.append((picture, found[0]))
    same: NDArray[np.float64] = np.array([float(a @ b) for own in vectors.values() for i, a in enumerate(own) for b in own[:i]])
    names = sorted(vectors)
    other = np.array([float(a @ b) for i, n in enumerate(names) for m in names[:i] for a in vectors[n] for b in vectors[m]])
    bars = {str(size): round(gallery.bar(size), 3) for size in (10, 100, 1000, 20_000)}
    attacks = {f"screen, {pitch} px": [(screen(picture, pitch, i), face) for i, (picture, face) in enumerate(shots)] for pitch in (2.2, 2.7, 3.5, 5.0)}
    attacks |= {f"print raster, {pitch} px": [(printed(picture, pitch), face) for picture, face in shots] for pitch in (3.0, 4.5)}
    soft = [(cv2.GaussianBlur(picture, (0, 0), 1.2), face) for picture, face in shots]
    return {
        "people": len(vectors),
        "photographs": len(shots),
        "refused_by_quality": len(refused),
        "genuine": {"pairs": len(same), "lowest": float(same.min()), "median": float(np.median(same))},
        "strangers": {"pairs": len(other), "highest": float(other.max()), "mean": float(other.mean()), "deviation": float(other.std())},
        "bars": bars,
        "fnmr": {size: float((same < wanted).mean()) for size, wanted in bars.items()},
        "fmr": {size: float((other >= wanted).mean()) for size, wanted in bars.items()},
        "fpir_estimate": {size: float(1 - gallery.STRANGERS.cdf(wanted) ** int(size)) for size, wanted in bars.items()},
        "liveness": {
            "photographs_refused": _refused(check, shots),
            "highest_photograph_peak": max(check.peak(picture, face) for picture, face in shots),
            **{name: {"refused": _refused(check, many), "median_peak": float(np.median([check.peak(*one) for one in many]))} for name, many in attacks.items()},
            "sharp print or screen (no visible pattern)": {"refused": _refused(check, soft)},
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1])), indent=1) + "\n")
