"""Somebody comes up to the kiosk: what it takes to be let in, and what is shown and recorded meanwhile."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from anju.gate.approach import FORGET, SHOW_GRANTED, UNSURE_FRAMES, Answer, Approach
from anju.gate.eyes import Sight
from anju.gate.texts import HINTS, TEXTS
from anju.grants.grant import Grant, Way
from anju.recognition.advice import ADVICE
from anju.recognition.gallery import Match
from anju.recognition.quality import Issue
from tests.gate import made
from tests.gate.made import Gate, Phone

BOX = (10, 10, 100, 100)
NOBODY = Sight()
FRAME = 0.125
"""Seconds between two frames."""


def looks_like(who: UUID, score: float = 0.7, *, sure: bool = True) -> Sight:
    return Sight(box=BOX, clear=True, match=Match(who, score, 0.2, sure))


def stranger() -> Sight:
    return looks_like(uuid4(), 0.3, sure=False)


def picture_of(who: UUID) -> Sight:
    return replace(looks_like(who), live=False)


def code(text: str) -> Sight:
    return Sight(qr=text)


class Visit:
    """One person after another before the camera, frame by frame."""

    def __init__(self, gate: Gate) -> None:
        self.approach = Approach(gate.brain)
        self.now = 1000.0

    def see(self, *sights: Sight, every: float = FRAME) -> list[Answer]:
        answers = []
        for sight in sights:
            self.now += every
            answers.append(self.approach.see(sight, self.now))
        return answers

    def states(self, *sights: Sight, every: float = FRAME) -> list[str]:
        return [answer.state for answer in self.see(*sights, every=every)]


@pytest.fixture
def visit(gate: Gate) -> Visit:
    return Visit(gate)


@pytest.fixture
def resident(gate: Gate) -> Grant:
    one = made.grant()
    gate.learn(one)
    return one


def reasons(gate: Gate) -> list[str]:
    return [entry["reason"] for entry in gate.entries()]


# faces


def test_two_frames_that_agree_open_the_door_and_are_said_once(gate: Gate, visit: Visit, resident: Grant) -> None:
    answers = visit.see(*[looks_like(resident.holder)] * 5)
    assert [one.state for one in answers] == ["looking", *["granted"] * 4]
    assert [one.say for one in answers] == [False, True, False, False, False]
    assert gate.door.opened == 1
    [entry] = gate.entries()
    assert (entry["grant"], entry["holder"]) == (str(resident.id), str(resident.holder))
    assert (entry["score"], entry["second"]) == (0.7, 0.2)


def test_one_lucky_frame_opens_nothing(gate: Gate, visit: Visit, resident: Grant) -> None:
    lucky = looks_like(resident.holder)
    visit.see(*[stranger(), stranger(), lucky] * 10)
    assert gate.door.opened == 0


def test_two_frames_that_name_different_people_open_nothing(gate: Gate, visit: Visit, resident: Grant) -> None:
    other = made.grant()
    gate.learn(other)
    assert "granted" not in visit.states(*[looks_like(resident.holder), looks_like(other.holder)] * 5)
    assert gate.door.opened == 0


def test_two_frames_too_far_apart_open_nothing(gate: Gate, visit: Visit, resident: Grant) -> None:
    visit.states(*[looks_like(resident.holder)] * 4, every=1.1)
    assert gate.door.opened == 0


def test_a_frame_that_fails_in_between_costs_nothing(gate: Gate, visit: Visit, resident: Grant) -> None:
    blurred = Sight(box=BOX, issue=Issue.BLURRED)
    assert visit.states(looks_like(resident.holder), blurred, looks_like(resident.holder))[-1] == "granted"


def test_a_stranger_is_refused_after_a_few_frames_and_once_in_an_approach(gate: Gate, visit: Visit) -> None:
    answers = visit.see(*[stranger()] * 40)
    assert [one.state for one in answers] == ["looking"] * (UNSURE_FRAMES - 1) + ["refused"] * (41 - UNSURE_FRAMES)
    assert sum(one.say for one in answers) == 1
    assert reasons(gate) == ["not_recognised"]


def test_the_next_stranger_is_refused_anew(gate: Gate, visit: Visit) -> None:
    visit.see(*[stranger()] * 8)
    visit.see(NOBODY, every=FORGET + 0.1)
    visit.see(*[stranger()] * 8)
    assert reasons(gate) == ["not_recognised", "not_recognised"]


def test_a_resident_behind_a_refused_stranger_comes_in(gate: Gate, visit: Visit, resident: Grant) -> None:
    visit.see(*[stranger()] * 8)
    assert visit.states(*[looks_like(resident.holder)] * 2)[-1] == "granted"


def test_an_empty_gallery_refuses_everybody(gate: Gate, visit: Visit) -> None:
    assert visit.states(*[Sight(box=BOX, clear=True)] * 8)[-1] == "refused"
    assert gate.door.opened == 0


def test_a_picture_of_a_resident_is_refused_and_told_to_come_in_person(
    gate: Gate, visit: Visit, resident: Grant
) -> None:
    answers = visit.see(*[picture_of(resident.holder)] * 10)
    assert answers[-1].state == "refused"
    assert answers[-1].text == ADVICE["not_live"]
    assert gate.door.opened == 0
    assert reasons(gate) == ["not_live"]


def test_a_picture_held_up_until_it_looks_alive_still_opens_nothing(gate: Gate, visit: Visit, resident: Grant) -> None:
    fake, lucky = picture_of(resident.holder), looks_like(resident.holder)
    visit.see(fake, lucky, fake, *[lucky] * 20)
    assert gate.door.opened == 0


def test_whoever_held_up_a_picture_may_step_back_and_come_in_person(gate: Gate, visit: Visit, resident: Grant) -> None:
    visit.see(*[picture_of(resident.holder)] * 4)
    visit.see(NOBODY, every=FORGET + 0.1)
    assert visit.states(*[looks_like(resident.holder)] * 2)[-1] == "granted"
    assert gate.door.opened == 1


def test_somebody_recognised_whose_right_has_ended_is_told_so(gate: Gate, visit: Visit) -> None:
    qr_only = made.grant(ways=frozenset({Way.QR}))
    gate.learn(qr_only)
    answers = visit.see(*[looks_like(qr_only.holder)] * 3)
    assert (answers[-1].state, answers[-1].code) == ("refused", "way_not_granted")
    answers = visit.see(*[looks_like(uuid4())] * 3)
    assert (answers[-1].state, answers[-1].code) == ("refused", "revoked")
    assert gate.door.opened == 0


@pytest.mark.parametrize("issue", Issue)
def test_a_face_that_cannot_be_judged_is_told_what_to_do(visit: Visit, issue: Issue) -> None:
    [shown] = visit.see(Sight(box=BOX, issue=issue))
    assert (shown.state, shown.code, shown.text) == ("looking", HINTS[issue], ADVICE[issue])


# codes


def test_the_same_code_held_before_the_camera_is_one_try(gate: Gate, visit: Visit) -> None:
    phone = Phone()
    gate.learn(made.grant(phone))
    held = code(phone.permit())
    states = visit.states(*[held] * 80)
    shown = int(SHOW_GRANTED / FRAME)
    assert states == ["granted"] * shown + ["idle"] * (80 - shown)
    assert gate.door.opened == 1
    assert reasons(gate) == ["qr_ok"]


def test_a_wrong_code_held_before_the_camera_is_one_refusal(gate: Gate, visit: Visit) -> None:
    answers = visit.see(*[code("https://example.org/menu")] * 80)
    assert {one.code for one in answers} == {"qr_unknown"}
    assert sum(one.say for one in answers) == 1
    assert reasons(gate) == ["qr_unknown"]


def test_a_code_works_for_somebody_whose_face_was_refused(gate: Gate, visit: Visit) -> None:
    phone = Phone()
    gate.learn(made.grant(phone))
    visit.see(*[stranger()] * 8)
    assert visit.states(code(phone.permit())) == ["granted"]


def test_a_code_shown_while_the_door_is_open_waits_and_is_not_lost(gate: Gate, visit: Visit) -> None:
    first, second = Phone(), Phone()
    gate.learn(made.grant(first), made.grant(second))
    visit.see(code(first.permit()))
    held = code(second.permit())
    visit.see(*[held] * 5)
    assert gate.door.opened == 1
    visit.see(*[held] * 25)
    assert gate.door.opened == 2
    assert reasons(gate) == ["qr_ok", "qr_ok"]


def test_a_code_is_looked_for_unless_the_door_is_open_or_about_to_open(visit: Visit, resident: Grant) -> None:
    def wanted(sight: Sight) -> bool:
        return visit.approach.wants_code(sight, visit.now)

    known = looks_like(resident.holder)
    assert wanted(NOBODY)
    assert wanted(stranger())
    assert wanted(picture_of(resident.holder))
    assert not wanted(known)
    visit.see(known, known)
    assert not wanted(NOBODY)
    visit.see(NOBODY, every=SHOW_GRANTED)
    assert wanted(NOBODY)


# opened from elsewhere


def test_a_door_opened_by_phone_is_shown_and_said(visit: Visit) -> None:
    shown = visit.approach.remote(visit.now)
    assert (shown.state, shown.code, shown.say) == ("granted", "remote_open", True)
    assert visit.states(NOBODY, stranger(), stranger()) == ["granted"] * 3


# words


def test_every_code_of_the_screen_has_words_in_both_languages() -> None:
    for text in [*TEXTS.values(), *ADVICE.values()]:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)
        assert text.en.isascii()
