"""Bytes that anybody may have sent become a picture; size and kind are known before anything is decoded."""

import struct
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height x width x 3, blue-green-red."""

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_SIDE = 20_000
MOST_OBLONG = 20
"""So many times longer than wide, and nothing would be left of the shorter side."""
LONGEST_SIDE = 1280


class PictureFault(StrEnum):
    """Why bytes cannot be used."""

    NOT_A_PICTURE = "not_a_picture"
    TOO_BIG = "too_big"


class BadPicture(ValueError):
    """The bytes cannot be used as a picture; `fault` says why."""

    def __init__(self, fault: PictureFault) -> None:
        super().__init__(fault)
        self.fault = fault


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from a JPEG's frame header, without decoding."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def size(data: bytes) -> tuple[int, int]:
    """Width and height as the header says. Raises BadPicture for anything but JPEG and PNG."""
    found = None
    if data[:2] == b"\xff\xd8":
        found = _jpeg_size(data)
    elif data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        found = struct.unpack(">II", data[16:24])
    if found is None or 0 in found or max(found) > MOST_OBLONG * min(found):
        raise BadPicture(PictureFault.NOT_A_PICTURE)
    return found[0], found[1]


def decode(data: bytes) -> Picture:
    """The picture upright (EXIF honoured), its longer side at most 1280. Raises BadPicture."""
    if len(data) > MOST_BYTES:
        raise BadPicture(PictureFault.TOO_BIG)
    width, height = size(data)
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise BadPicture(PictureFault.TOO_BIG)
    # JPEG decodes at half or quarter size for a fraction of the time and memory.
    longest = max(width, height)
    flag = cv2.IMREAD_COLOR
    if longest >= 4 * LONGEST_SIDE:
        flag = cv2.IMREAD_REDUCED_COLOR_4
    elif longest >= 2 * LONGEST_SIDE:
        flag = cv2.IMREAD_REDUCED_COLOR_2
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise BadPicture(PictureFault.NOT_A_PICTURE) from error
    if picture is None:
        raise BadPicture(PictureFault.NOT_A_PICTURE)
    scale = LONGEST_SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return picture
