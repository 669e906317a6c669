"""Reading plates in pictures: drawn ones, whatever the weather; what is unclear is not read as something else."""

import random

import numpy as np
import pytest

from anju.grants import plates
from anju.recognition.plates import PlateReader
from tests.recognition import made_plates
from tests.recognition.made_plates import DAY, View

LEAST = 0.8


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader()


@pytest.mark.parametrize("plate", ["鲁A12345", "晋LAJ361", "鲁AD52713", "青B31103D", "京C8K3P7"])
def test_a_plate_by_day_is_read_and_found_where_it_is(reader: PlateReader, plate: str) -> None:
    (read,) = reader.read(made_plates.picture(plate, DAY))
    assert read.text == plate
    assert read.confidence > LEAST
    assert 140 < read.wide < 220
    assert 250 < read.corners[:, 1].mean() < 650


@pytest.mark.parametrize(
    "view",
    [View(light=0.3, noise=6), View(turn=0.4), View(tilt=7), View(blur=1.0), View(width=130)],
    ids=["night", "from the side", "tilted", "blurred", "far"],
)
def test_a_plate_is_read_in_every_ordinary_view(reader: PlateReader, view: View) -> None:
    (read,) = reader.read(made_plates.picture("鲁A73S15", view))
    assert (read.text, read.confidence > LEAST) == ("鲁A73S15", True)


def test_a_street_without_a_car_has_no_plate(reader: PlateReader) -> None:
    street = np.random.default_rng(1).integers(90, 140, (720, 1280, 3)).astype(np.uint8)
    assert reader.read(street) == []


def test_a_sign_that_is_no_plate_is_never_surely_one(reader: PlateReader) -> None:
    sign = made_plates.picture("鲁A12345", DAY)
    sign[400:600] = np.flip(sign[400:600], axis=1)  # as in a mirror
    assert all(read.confidence < LEAST for read in reader.read(sign))


def test_no_wrong_reading_over_the_bar_would_open_for_a_neighbour(reader: PlateReader) -> None:
    source = random.Random(11)
    neighbours = {plates.alike(made_plates.some_plate(source)) for _ in range(2000)}
    right = 0
    for number in range(25):
        plate = made_plates.some_plate(source)
        for read in reader.read(made_plates.picture(plate, made_plates.some_view(source), number)):
            if read.confidence >= LEAST:
                right += read.text == plate
                assert read.text == plate or plates.alike(read.text) not in neighbours
    assert right >= 10


@pytest.mark.parametrize("place", range(8))
def test_a_plate_that_lost_a_character_is_nobody_elses_plate(reader: PlateReader, place: int) -> None:
    view = View(hidden=place)
    assert all(read.confidence < LEAST for read in reader.read(made_plates.picture("鲁AD12874", view)))


def test_two_cars_in_one_picture_are_two_readings(reader: PlateReader) -> None:
    left, right = made_plates.picture("鲁A12345", DAY), made_plates.picture("晋LAJ361", DAY)
    reads = reader.read(np.hstack([left[:, 300:980], right[:, 300:980]]))
    assert {read.text for read in reads} == {"鲁A12345", "晋LAJ361"}
