"""Whose face it is: real photographs, one folder a person."""

from itertools import combinations

import numpy as np
import pytest

from anju.recognition import gallery, quality
from anju.recognition.faces import DIMENSIONS, Vector
from anju.recognition.gallery import (
    FALSE_MATCH,
    HIGHEST_BAR,
    LOOK_ALIKE,
    LOWEST_BAR,
    MARGIN,
    STRICT_BAR,
    STRICT_MARGIN,
    Agreement,
    Gallery,
    false_match_rate,
)
from tests.recognition import photographs


def direction(*parts: float) -> Vector:
    """A made-up face: these numbers, the rest 0, length 1."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(parts)] = parts
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def alike(cosine: float) -> Vector:
    """A face with this cosine to direction(1)."""
    return direction(cosine, float(np.sqrt(1 - cosine**2)))


def crowd(people: int) -> dict[str, list[Vector]]:
    """Made-up people who look like nobody else."""
    rows = np.random.default_rng(1).normal(size=(people, DIMENSIONS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {f"made up {number}": [row] for number, row in enumerate(rows)}


# photographs


def test_everybody_is_recognised_from_photographs_they_were_not_enrolled_with() -> None:
    everybody = photographs.vectors()
    known = Gallery({name: own[:2] for name, own in everybody.items()})
    for name, own in everybody.items():
        for vector in own[2:]:
            match = known.match(vector)
            assert match is not None
            assert (match.key, match.sure) == (name, True)


def test_nobody_is_taken_for_somebody_else() -> None:
    everybody = photographs.vectors()
    for name, own in everybody.items():
        others = Gallery({other: vectors for other, vectors in everybody.items() if other != name})
        for vector in own:
            match = others.match(vector)
            assert match is not None
            assert not match.sure


def test_among_twenty_thousand_the_same_people_are_still_recognised_and_strangers_still_are_not() -> None:
    everybody = photographs.vectors()
    names = sorted(everybody)
    residents, strangers = names[:4], names[4:]
    known = Gallery({**crowd(20_000), **{name: everybody[name][:2] for name in residents}})
    for name in residents:
        found = [known.match(vector) for vector in everybody[name][2:]]
        assert [(one.key, one.sure) for one in found if one] == [(name, True)] * len(found)
    for name in strangers:
        assert not any(match.sure for vector in everybody[name] if (match := known.match(vector)))


def test_the_gap_between_people_is_where_the_bar_lies() -> None:
    everybody = photographs.vectors()
    same = [float(a @ b) for own in everybody.values() for a, b in combinations(own, 2)]
    other = [float(a @ b) for one, two in combinations(everybody.values(), 2) for a in one for b in two]
    assert max(other) < LOWEST_BAR < HIGHEST_BAR < min(same)


def test_a_face_is_a_direction_of_length_one() -> None:
    for own in photographs.vectors().values():
        assert all(abs(float(np.linalg.norm(vector)) - 1) < 1e-5 for vector in own)


# the bar


def test_the_bar_rises_with_the_crowd_and_keeps_a_strangers_chance() -> None:
    bars = [gallery.bar(size) for size in (1, 100, 1000, 20_000, 1_000_000)]
    assert bars == sorted(bars)
    assert LOWEST_BAR <= bars[0] < bars[2] < bars[3] <= HIGHEST_BAR
    for size in (1, 100, 1000, 20_000):
        assert false_match_rate(gallery.bar(size), size) <= 1.01 * FALSE_MATCH
    assert false_match_rate(gallery.bar(100), 20_000) > 50 * FALSE_MATCH


def test_nobody_is_enrolled_and_nobody_matches() -> None:
    assert Gallery({}).match(direction(1)) is None
    assert Gallery({"without a picture": []}).match(direction(1)) is None


def test_the_nearest_is_not_the_same() -> None:
    match = Gallery({"resident": [direction(1)]}).match(alike(LOWEST_BAR - 0.01))
    assert match is not None
    assert (match.key, match.sure) == ("resident", False)


# the second person


def test_two_people_about_equally_near_are_nobody() -> None:
    face = direction(1)
    near, nearer = alike(0.80), alike(0.80 + MARGIN - 0.01)
    match = Gallery({"one": [near], "other": [nearer]}).match(face)
    assert match is not None
    assert (match.key, match.sure) == ("other", False)
    assert match.second == pytest.approx(0.80, abs=1e-5)

    match = Gallery({"one": [near], "other": [alike(0.80 + MARGIN + 0.01)]}).match(face)
    assert match is not None
    assert match.sure


def test_ones_own_other_pictures_are_no_rivals() -> None:
    match = Gallery({"one": [alike(0.80), alike(0.81), alike(0.79)], "other": [alike(0.1)]}).match(direction(1))
    assert match is not None
    assert (match.key, match.sure) == ("one", True)
    assert match.second == pytest.approx(0.1, abs=1e-5)


# look-alikes


def test_look_alikes_need_the_higher_bar_and_the_wider_margin() -> None:
    def sure(score: float, second: float, strict: frozenset[str]) -> bool:
        people = {"twin": [alike(score)], "other": [alike(second)]}
        match = Gallery(people, strict).match(direction(1))
        return match is not None and match.sure

    strict = frozenset({"twin"})
    below, above = STRICT_BAR - 0.01, STRICT_BAR + 0.01
    assert sure(below, 0.1, frozenset())
    assert not sure(below, 0.1, strict)
    assert sure(above, 0.1, strict)
    assert not sure(0.8, 0.8 - STRICT_MARGIN + 0.01, strict)
    assert sure(0.8, 0.8 - STRICT_MARGIN - 0.01, strict)


def test_twins_are_flagged_at_enrolment_and_oneself_is_not() -> None:
    known = Gallery({"twin": [alike(LOOK_ALIKE + 0.1)], "neighbour": [alike(0.2)], "me": [direction(1)]})
    assert known.look_alikes([direction(1)], "me") == ["twin"]
    assert Gallery({}).look_alikes([direction(1)]) == []


def test_no_two_people_of_the_photographs_look_alike() -> None:
    everybody = photographs.vectors()
    known = Gallery(everybody)
    for name, own in everybody.items():
        assert known.look_alikes(own, name) == []


# the self-test


def test_the_self_test_names_the_highest_stranger_and_the_lowest_resident() -> None:
    tested = Gallery({"one": [direction(1), alike(0.7)], "other": [direction(0, 0, 1)]}).self_test()
    assert tested.people == 2
    assert tested.highest_stranger == pytest.approx(0, abs=1e-5)
    assert tested.lowest_resident == pytest.approx(0.7, abs=1e-5)
    assert tested.look_alikes == 0


def test_the_self_test_counts_look_alikes_once_a_pair() -> None:
    assert Gallery({"one": [direction(1)], "twin": [alike(0.9)]}).self_test().look_alikes == 1


def test_the_self_test_of_the_photographs_shows_the_gap() -> None:
    tested = Gallery(photographs.vectors()).self_test()
    assert tested.highest_stranger is not None
    assert tested.lowest_resident is not None
    assert tested.highest_stranger < tested.bar < tested.lowest_resident


def test_a_self_test_without_anybody_says_nothing() -> None:
    tested = Gallery({}).self_test()
    assert (tested.people, tested.highest_stranger, tested.lowest_resident) == (0, None, None)


def test_the_self_test_goes_through_more_than_one_block() -> None:
    people = crowd(600)
    people["made up 599"] = [people["made up 1"][0]]
    assert Gallery(people).self_test().highest_stranger == pytest.approx(1, abs=1e-4)


# agreement


def test_two_frames_within_a_second_agree_and_anything_else_does_not() -> None:
    def agree(*frames: tuple[str, float]) -> bool:
        agreement: Agreement[str] = Agreement()
        return [agreement.add(who, at) for who, at in frames][-1]

    assert agree(("one", 0), ("one", 0.9))
    assert not agree(("one", 0))
    assert not agree(("one", 0), ("one", 1.1))
    assert not agree(("one", 0), ("other", 0.1))
    assert not agree(("one", 0), ("other", 0.1), ("one", 0.2))


def test_the_photographs_are_good_enough_for_the_gate() -> None:
    for files in photographs.people().values():
        for file in files:
            picture = photographs.picture(file)
            assert quality.judge(picture, photographs.reader().find(picture), quality.GATE) == []
