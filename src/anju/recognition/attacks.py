"""Attacks made from photographs, to measure what a liveness check stops: screens, prints, framed pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from anju.recognition.pictures import Picture


def _turned(picture: Picture, degrees: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each pixel's place along two axes turned by so much."""
    rows, columns = np.indices(picture.shape[:2]).astype(np.float32)
    angle = np.radians(degrees)
    across = columns * np.cos(angle) + rows * np.sin(angle)
    down = rows * np.cos(angle) - columns * np.sin(angle)
    return across.astype(np.float32), down.astype(np.float32)


def _seen(light: NDArray[np.float32], gain: float) -> Picture:
    """What a camera makes of it: a little soft, clipped."""
    soft = cv2.GaussianBlur(light, (0, 0), 0.6)
    return np.clip(soft * gain, 0, 255).astype(np.uint8)


def screen(picture: Picture, pitch: float, degrees: float = 2.5) -> Picture:
    """On a slightly turned screen: coloured stripes and dark lines.

    pitch: how many camera pixels the screen's are apart.
    """
    across, down = _turned(picture, degrees)
    line = 0.5 + 0.5 * np.cos(2 * np.pi * down / pitch)
    out = np.empty(picture.shape, np.float32)
    for channel in range(3):
        stripe = 0.5 + 0.5 * np.cos(2 * np.pi * (across / pitch + channel / 3))
        out[..., channel] = picture[..., channel] * (0.55 + 0.3 * stripe + 0.15 * line)
    return _seen(out, 1.15)


def printed(picture: Picture, pitch: float) -> Picture:
    """On a coarse print: a dot raster of `pitch` camera pixels, turned 30 degrees."""
    across, down = _turned(picture, 30)
    raster = (np.cos(2 * np.pi * across / pitch) + np.cos(2 * np.pi * down / pitch)) * 0.12 + 0.9
    return _seen((picture * raster[..., None]).astype(np.float32), 1.0)


def sharp(picture: Picture) -> Picture:
    """On a fine print or a dense screen that fills the view: all that shows is a little softness."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.uint8)


def held_up(picture: Picture, *, phone: bool, scale: float = 0.6) -> Picture:
    """A phone (dark rim) or a sheet (white rim) with the picture on it, held before a mottled wall."""
    height, width = picture.shape[:2]
    noise = np.random.default_rng(7).normal(0, 1, (height // 8 + 1, width // 8 + 1, 3)).astype(np.float32)
    wall = 120 + 18 * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rim = max(4, round(0.03 * width))
    colour = (25, 25, 25) if phone else (245, 245, 245)
    card = cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=colour)
    top, left = (height - card.shape[0]) // 2, (width - card.shape[1]) // 2
    out = np.clip(wall, 0, 255).astype(np.uint8)
    out[top : top + card.shape[0], left : left + card.shape[1]] = card
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1)
    return np.asarray(cv2.warpAffine(out, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
