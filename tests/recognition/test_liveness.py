"""What a single ordinary camera can tell: screens, coarse prints and pictures held up, at the documented rates."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest

from anju.recognition import attacks, pictures
from anju.recognition.liveness import Liveness, Passive, Rim, ScreenPattern
from anju.recognition.pictures import Picture
from tests.recognition import photographs


def refused(check: Liveness, change: Callable[[Picture], Picture] = lambda picture: picture) -> float:
    """The share that this check refuses, of the photographs changed so in which a face is still found."""
    reader, scores = photographs.reader(), []
    for files in photographs.people().values():
        for file in files[:3]:
            picture = change(photographs.picture(file))
            if faces := reader.find(picture):
                scores.append(check.score(picture, faces[0]))
    assert len(scores) > 10
    assert all(0 <= score <= 1 for score in scores)
    return float(np.mean([score > check.refuse_above for score in scores]))


def as_jpeg(picture: Picture) -> Picture:
    return pictures.decode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes())


def smaller(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), np.uint8)


def noisy(picture: Picture) -> Picture:
    noise = np.random.default_rng(1).normal(0, 6, picture.shape)
    return np.clip(picture * 0.6 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "change", [lambda picture: picture, as_jpeg, smaller, noisy], ids=["plain", "jpeg", "small", "noisy"]
)
def test_photographs_of_people_are_accepted(change: Callable[[Picture], Picture]) -> None:
    assert refused(Passive(), change) == 0


@pytest.mark.parametrize("pitch", [2.0, 2.7, 3.5, 5.0])
def test_screens_are_refused(pitch: float) -> None:
    assert refused(ScreenPattern(), partial(attacks.screen, pitch=pitch)) >= 0.9


def test_a_screen_seen_from_very_near_is_mostly_refused() -> None:
    assert refused(ScreenPattern(), partial(attacks.screen, pitch=8)) >= 0.7


@pytest.mark.parametrize("pitch", [2.0, 3.0, 4.5])
def test_coarse_prints_are_refused(pitch: float) -> None:
    assert refused(ScreenPattern(), partial(attacks.printed, pitch=pitch)) >= 0.9


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "sheet"])
@pytest.mark.parametrize("scale", [0.4, 0.6])
def test_a_picture_held_up_is_refused(phone: bool, scale: float) -> None:
    assert refused(Rim(), partial(attacks.held_up, phone=phone, scale=scale)) >= 0.9


def test_a_good_print_that_fills_the_view_passes_as_the_documentation_says() -> None:
    assert refused(Passive(), attacks.sharp) == 0


def test_somebody_in_a_doorway_is_no_picture_held_up() -> None:
    def framed_by_walls(picture: Picture) -> Picture:
        wall = np.random.default_rng(1).normal(60, 4, (picture.shape[0], 150, 3)).clip(0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.hstack([wall, picture, wall]))

    assert refused(Rim(), framed_by_walls) == 0


def test_a_margin_added_by_software_is_hardly_ever_taken_for_a_sheet_held_up() -> None:
    def framed(picture: Picture) -> Picture:
        return np.asarray(
            cv2.copyMakeBorder(picture, 80, 80, 80, 80, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8
        )

    assert refused(Rim(), framed) <= 0.1
