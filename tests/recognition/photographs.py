"""Photographs of people, one folder a person, from ANJU_TEST_FACES."""

import os
from functools import cache
from pathlib import Path

import pytest

from anju.recognition import pictures
from anju.recognition.faces import Face, FaceReader, Vector
from anju.recognition.pictures import Picture

FOLDER = Path(os.environ.get("ANJU_TEST_FACES", Path(__file__).resolve().parents[3] / "shared" / "faces"))


def folder() -> Path:
    """Where the photographs are; skips, and says so, where there are none."""
    if not FOLDER.is_dir():
        pytest.skip(f"no photographs in {FOLDER}: set ANJU_TEST_FACES to a folder that holds one folder a person")
    return FOLDER


@cache
def people() -> dict[str, list[bytes]]:
    """Everybody's photographs as files. Two or more each."""
    return {
        person.name: [photograph.read_bytes() for photograph in sorted(person.glob("*.jpg"))]
        for person in sorted(folder().iterdir())
        if person.is_dir()
    }


@cache
def reader() -> FaceReader:
    return FaceReader()


def picture(file: bytes) -> Picture:
    return pictures.decode(file)


def face(file: bytes) -> Face:
    """The largest face in a photograph."""
    return reader().find(picture(file))[0]


@cache
def vector(file: bytes) -> Vector:
    """The largest face as a vector."""
    return reader().embed(picture(file), face(file))


@cache
def vectors() -> dict[str, list[Vector]]:
    """Everybody's photographs as vectors."""
    return {person: [vector(file) for file in files] for person, files in people().items()}
