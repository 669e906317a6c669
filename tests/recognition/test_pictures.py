"""Whatever people send: pictures become pictures, everything else is told apart before it costs anything."""

import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.recognition import pictures, quality
from anju.recognition.advice import ADVICE
from anju.recognition.faces import FaceReader
from anju.recognition.pictures import BadPicture, Picture, PictureFault
from anju.recognition.quality import ENROLMENT, GATE, Issue
from tests.recognition import photographs


def jpeg(picture: Picture, quality: int = 95) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def plain(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 128, np.uint8)


def png_that_says(width: int, height: int) -> bytes:
    """A few hundred bytes that claim to be so large: a bomb when they are believed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def turned_by_exif(picture: Picture, orientation: int) -> bytes:
    """A JPEG whose camera was held in another way, as its EXIF says."""
    tag = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + tag + struct.pack("<I", 0)
    plain_jpeg = jpeg(picture)
    return plain_jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain_jpeg[2:]


def issues(picture: Picture, bar: quality.Bar = ENROLMENT) -> list[Issue]:
    return quality.judge(picture, photographs.reader().find(picture), bar)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    """A good photograph."""
    return photographs.picture(photographs.people()["person08"][1])


# bytes


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", PictureFault.NOT_A_PICTURE),
        (b"%PDF-1.7\n1 0 obj", PictureFault.NOT_A_PICTURE),
        (b"GIF89a" + bytes(100), PictureFault.NOT_A_PICTURE),
        (b"\xff\xd8\xff\xe0", PictureFault.NOT_A_PICTURE),
        (b"\x89PNG\r\n\x1a\n", PictureFault.NOT_A_PICTURE),
        (jpeg(plain(640, 8)), PictureFault.NOT_A_PICTURE),
        (bytes(8 * 1024 * 1024 + 1), PictureFault.TOO_BIG),
        (png_that_says(30_000, 30_000), PictureFault.TOO_BIG),
        (png_that_says(2**31 - 1, 2**31 - 1), PictureFault.TOO_BIG),
        (png_that_says(6000, 6000), PictureFault.NOT_A_PICTURE),
        (png_that_says(0, 100), PictureFault.NOT_A_PICTURE),
    ],
    ids=[
        "nothing", "a PDF named .jpg", "a GIF", "half a JPEG's head", "half a PNG's head", "a strip", "9 MB",
        "a bomb", "a greater bomb", "too few pixels for its size", "no width",
    ],
)  # fmt: skip
def test_what_is_no_usable_picture_is_told_why_at_once(data: bytes, fault: PictureFault) -> None:
    began = time.perf_counter()
    with pytest.raises(BadPicture) as refused:
        pictures.decode(data)
    assert refused.value.fault == fault
    assert time.perf_counter() - began < 1
    assert ADVICE[fault].zh
    assert ADVICE[fault].en


def test_a_picture_of_more_than_forty_megapixels_is_too_big_and_one_just_below_is_made_small() -> None:
    with pytest.raises(BadPicture) as refused:
        pictures.decode(jpeg(plain(8000, 5001), 30))
    assert refused.value.fault == PictureFault.TOO_BIG
    assert max(pictures.decode(jpeg(plain(8000, 5000), 30)).shape) == pictures.LONGEST_SIDE


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_and_nothing_worse(data: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(BadPicture):
            pictures.decode(start + data)


@given(st.integers(0, 20_000), st.integers(0, 255), st.integers(100, 40_000))
def test_a_damaged_photograph_is_refused_or_judged_and_nothing_worse(place: int, byte: int, length: int) -> None:
    damaged = bytearray(photographs.people()["person10"][1])
    damaged[place % len(damaged)] = byte
    try:
        picture = pictures.decode(bytes(damaged[:length]))
    except BadPicture:
        return
    assert picture.ndim == 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (479, 24), (24, 479), (20, 400)])
def test_a_tiny_or_narrow_picture_shows_no_face_and_breaks_nothing(width: int, height: int) -> None:
    picture = pictures.decode(jpeg(plain(width, height)))
    assert FaceReader().find(picture) == []


@pytest.mark.parametrize(("orientation", "turn"), [(3, cv2.ROTATE_180), (6, cv2.ROTATE_90_COUNTERCLOCKWISE)])
def test_a_photograph_taken_with_the_phone_turned_is_upright(portrait: Picture, orientation: int, turn: int) -> None:
    upright = pictures.decode(turned_by_exif(cv2.rotate(portrait, turn), orientation))
    assert upright.shape == portrait.shape
    assert issues(upright) == []


# quality


def test_a_good_photograph_has_nothing_wrong_with_it(portrait: Picture) -> None:
    assert issues(portrait) == []


def test_a_wall_has_no_face() -> None:
    assert issues(plain(640, 480)) == [Issue.NO_FACE]


def test_two_people_are_too_many(portrait: Picture) -> None:
    assert issues(np.hstack([portrait, portrait])) == [Issue.MANY_FACES]


def test_somebody_far_behind_is_no_second_face(portrait: Picture) -> None:
    behind = np.zeros_like(portrait)
    small = cv2.resize(portrait, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    behind[: small.shape[0], : small.shape[1]] = small
    together = np.hstack([portrait, behind])
    assert len(photographs.reader().find(together)) == 2
    assert issues(together) == []


def test_somebody_too_far_away_is_asked_to_come_closer(portrait: Picture) -> None:
    far = cv2.copyMakeBorder(portrait, 800, 800, 800, 800, cv2.BORDER_CONSTANT, value=(120, 120, 120))
    far = cv2.resize(far, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    assert issues(far)[0] == Issue.TOO_SMALL


def test_a_blurred_photograph_is_blurred(portrait: Picture) -> None:
    x, _, width, _ = photographs.reader().find(portrait)[0].box
    assert x >= 0
    assert Issue.BLURRED in issues(np.asarray(cv2.GaussianBlur(portrait, (0, 0), width / 25), np.uint8))


def test_a_dark_photograph_is_dark_and_a_bright_one_bright(portrait: Picture) -> None:
    assert issues((portrait * 0.2).astype(np.uint8))[0] == Issue.TOO_DARK
    bright = np.clip(portrait.astype(np.float32) * 0.3 + 200, 0, 255).astype(np.uint8)
    assert Issue.TOO_BRIGHT in issues(bright)


def test_a_face_half_in_shadow_is_lit_unevenly(portrait: Picture) -> None:
    x, _, width, _ = photographs.reader().find(portrait)[0].box
    shadow = portrait.copy()
    shadow[:, : x + width // 2] = (shadow[:, : x + width // 2] * 0.2).astype(np.uint8)
    assert Issue.UNEVEN_LIGHT in issues(shadow)


def test_a_tilted_head_is_tilted(portrait: Picture) -> None:
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -40, 1)
    tilted = np.asarray(cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    assert Issue.TILTED in issues(tilted)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_face_at_the_edge_is_cut_off(portrait: Picture, side: str) -> None:
    x, y, width, height = photographs.reader().find(portrait)[0].box
    cut = {
        "left": portrait[:, x + width // 6 :],
        "right": portrait[:, : x + width - width // 6],
        "top": portrait[y + height // 6 :],
        "bottom": portrait[: y + height - height // 3],
    }[side]
    assert Issue.OFF_CENTRE in issues(np.ascontiguousarray(cut))


def test_a_mask_and_dark_glasses_cover_a_face(portrait: Picture) -> None:
    face = photographs.reader().find(portrait)[0]
    right, left, nose, mouth_right, mouth_left = face.marks.astype(int)
    mask = portrait.copy()
    top, bottom = int(nose[1]) - 5, face.box[1] + face.box[3]
    mask[top:bottom, face.box[0] : face.box[0] + face.box[2]] = (200, 180, 120)
    glasses = portrait.copy()
    for eye in (right, left):
        cv2.ellipse(
            glasses,
            (int(eye[0]), int(eye[1])),
            (int(face.eyes * 0.38), int(face.eyes * 0.25)),
            0,
            0,
            360,
            (8, 8, 8),
            -1,
        )
    assert mouth_right[1] > top
    assert mouth_left[1] > top
    for covered in (mask, glasses):
        assert set(issues(covered)) & {Issue.COVERED, Issue.NO_FACE}


def test_enrolment_asks_for_more_than_the_gate_does() -> None:
    assert ENROLMENT.eyes > GATE.eyes
    assert ENROLMENT.blur > GATE.blur
    assert ENROLMENT.yaw < GATE.yaw
    assert ENROLMENT.roll < GATE.roll


def test_every_issue_has_advice_in_both_languages() -> None:
    for issue in Issue:
        assert ADVICE[issue].zh
        assert ADVICE[issue].en
