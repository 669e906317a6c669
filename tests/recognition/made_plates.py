"""Pictures of cars' plates, drawn: the layout of GA 36-2018 with a common font, seen from the side, by night, blurred or dirty.

They are no photographs, and a reader that does well here may do worse outside: docs/recognition.md says so.
"""

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from anju.grants import plates
from anju.grants.plates import Kind
from anju.recognition.pictures import Picture

_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
)
_COLOURS = {  # background, characters; red, green, blue
    Kind.BLUE: ((20, 60, 165), (245, 245, 245)),
    Kind.GREEN: ((120, 200, 140), (15, 15, 15)),
    Kind.YELLOW: ((235, 180, 30), (15, 15, 15)),
    Kind.BLACK: ((20, 20, 20), (240, 240, 240)),
    Kind.WHITE: ((235, 235, 235), (15, 15, 15)),
}


def font() -> Path:
    """A Chinese font; skips, and says so, where there is none."""
    found = next((one for one in _FONTS if one.exists()), None)
    if found is None:
        pytest.skip("no Chinese font to draw plates with: apt-get install fonts-noto-cjk")
    return found


@cache
def _letters(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font()), size)


def _glyph(character: str, colour: tuple[int, int, int], width: int, height: int) -> Image.Image:
    """One character filling its field of the plate."""
    box = _letters(160).getbbox(character)
    drawn = Image.new("RGBA", (int(box[2] - box[0]), int(box[3] - box[1])), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).text((-box[0], -box[1]), character, font=_letters(160), fill=colour)
    slim = width // 3 if character in "1I" else width
    field = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    field.paste(drawn.resize((slim, height)), ((width - slim) // 2, 0))
    return field


def plate(text: str) -> Picture:
    """The plate itself, a pixel a millimetre: 440 or (new energy) 480 by 140."""
    kind = plates.kind_of(text)
    green = kind is Kind.GREEN
    back, ink = _COLOURS[kind]
    made = Image.new("RGB", (480 if green else 440, 140), back)
    draw = ImageDraw.Draw(made)
    draw.rounded_rectangle((4, 4, made.width - 5, 135), 10, outline=ink, width=3)
    field = 43 if green else 45
    at = 15.5
    for place, character in enumerate(text):
        glyph = _glyph(character, ink, field, 90)
        made.paste(glyph, (round(at), 25), glyph)
        at += field + (9 if green else 12)
        if place == 1:
            draw.ellipse((at, 65, at + 10, 75), fill=ink)
            at += 19 if green else 22
    return np.ascontiguousarray(np.asarray(made)[:, :, ::-1])


@dataclass(frozen=True)
class View:
    """How the camera sees it. width: of the plate in pixels. turn: sideways, 0 to 1. light: 1 is day. blur, noise: standard deviations.

    hidden: the place of a character that is painted over.
    """

    width: float = 180
    turn: float = 0.0
    tilt: float = 0.0
    light: float = 1.0
    blur: float = 0.0
    noise: float = 2.0
    dirt: int = 0
    hidden: int | None = None


DAY = View()


def some_view(source: random.Random) -> View:
    """One of the views that a camera at a barrier has of a car."""
    return View(
        width=source.uniform(110, 260),
        turn=source.uniform(-0.5, 0.5),
        tilt=source.uniform(-8, 8),
        light=source.choice([1.0, 1.0, 0.8, 0.5, 0.3]),
        blur=source.choice([0, 0, 0.6, 1.0, 1.5]),
        noise=source.uniform(1, 9),
        dirt=source.choice([0, 0, 0, 4, 10]),
    )


def picture(text: str, view: View = DAY, seed: int = 0, size: tuple[int, int] = (1280, 720)) -> Picture:
    """A car with this plate before the camera: a street, a body, a bumper."""
    source = np.random.default_rng(seed)
    wide, high = size
    scene = np.full((high, wide, 3), source.integers(70, 150, 3), np.uint8)
    cv2.rectangle(scene, (0, int(high * 0.7)), (wide, high), (80, 80, 80), -1)
    paint = tuple(int(one) for one in source.integers(20, 230, 3))
    left, top = int(wide * 0.2), int(high * 0.15)
    cv2.rectangle(scene, (left, top), (wide - left, int(high * 0.85)), paint, -1)
    cv2.rectangle(scene, (left + 60, top + 30), (wide - left - 60, top + 180), (60, 50, 45), -1)
    for x in (left + 50, wide - left - 130):
        cv2.rectangle(scene, (x, int(high * 0.5)), (x + 80, int(high * 0.58)), (225, 235, 240), -1)
    number = plate(text)
    _dirty(number, view.dirt, source)
    if view.hidden is not None:
        _hide(number, view.hidden, len(text))
    _put(scene, number, view, source)
    seen = scene.astype(np.float32) * view.light
    if view.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), view.blur)
    seen += source.normal(0, view.noise, seen.shape)
    return np.clip(seen, 0, 255).astype(np.uint8)


def _dirty(number: Picture, spots: int, source: np.random.Generator) -> None:
    for _ in range(spots):
        middle = (int(source.integers(0, number.shape[1])), int(source.integers(0, number.shape[0])))
        cv2.circle(number, middle, int(source.integers(3, 9)), (60, 75, 90), -1)


def _hide(number: Picture, place: int, length: int) -> None:
    """Paint over one character, in the colour beside it."""
    field, gap = (43, 9) if length == 8 else (45, 12)
    left = 15.5 + place * (field + gap) + (22 if place > 1 else 0)
    number[22:118, round(left) - 4 : round(left) + field + 4] = number[14, 200]


def _put(scene: Picture, number: Picture, view: View, source: np.random.Generator) -> None:
    """Draw the plate where bumpers have it, in perspective."""
    high, wide = number.shape[:2]
    width, height = view.width, view.width * high / wide
    x = scene.shape[1] / 2 + source.uniform(-120, 120)
    y = scene.shape[0] * 0.68 + source.uniform(-30, 30)
    near, far = 1 + 0.15 * view.turn, 1 - 0.15 * view.turn
    half = width / 2 * (1 - 0.25 * abs(view.turn))
    corners = np.array(
        [[-half, -height / 2 * near], [half, -height / 2 * far], [half, height / 2 * far], [-half, height / 2 * near]]
    )
    angle = np.deg2rad(view.tilt)
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = (corners @ rotate.T + [x, y]).astype(np.float32)
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    warp = cv2.getPerspectiveTransform(flat, placed)
    size = (scene.shape[1], scene.shape[0])
    seen = cv2.warpPerspective(number, warp, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), warp, size)
    scene[mask > 128] = seen[mask > 128]


def some_plate(source: random.Random) -> str:
    """A well-formed number of nobody's in particular."""
    head = source.choice(plates.PROVINCES) + source.choice("ABCDEFGHJKL")
    shape = source.random()
    digits = "".join(source.choices(plates.DIGITS, k=5))
    if shape < 0.2:
        return head + source.choice("DF") + source.choice(plates.LETTERS + plates.DIGITS) + digits[:4]
    if shape < 0.3:
        return head + digits + source.choice("DF")
    if shape < 0.35:
        return head + digits[:4] + source.choice("学警挂")
    serial = list(digits)
    for place in source.sample(range(5), source.choice([0, 1, 1, 2])):
        serial[place] = source.choice(plates.LETTERS)
    return head + "".join(serial)
