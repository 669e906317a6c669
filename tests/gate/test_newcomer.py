"""Enrolling a face before the gate's own camera."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.gate.approach import Answer, Approach
from anju.gate.eyes import Sight
from anju.gate.newcomer import PATIENCE
from anju.grants import invitations
from anju.grants.grant import FaceRef, Grant
from anju.grants.invitations import Invitation
from anju.recognition.faces import Vector
from tests.gate import made
from tests.gate.made import Gate

KEY = Ed25519PrivateKey.generate()
BOX = (10, 10, 100, 100)


@pytest.fixture
def gate(tmp_path: object) -> Gate:
    opened = Gate(tmp_path, made.identity(KEY))  # type: ignore[arg-type]
    opened.told_the_time()
    return opened


@pytest.fixture
def who(gate: Gate) -> Grant:
    """Somebody who may enrol here."""
    grant = made.grant(face=FaceRef(1_000_000, strict=False, here=True))
    gate.learn(grant)
    return grant


def code(who: Grant, *, minutes: float = 5, key: Ed25519PrivateKey = KEY, rev: int = 1_000_000) -> str:
    return invitations.make(key, Invitation(who.holder, rev, datetime.now(UTC) + timedelta(minutes=minutes)))


def looks(vector: Vector, *, live: bool = True) -> Sight:
    return Sight(box=BOX, clear=True, vector=vector, live=live)


@pytest.fixture
def show(gate: Gate) -> Callable[..., list[Answer]]:
    """Show a code, then these sights half a second apart."""
    approach, now = Approach(gate.brain), [1000.0]

    def run(text: str | None, *sights: Sight, every: float = 0.5) -> list[Answer]:
        answers = [approach.code(text, now[0])] if text else []
        for sight in sights:
            now[0] += every
            answers.append(approach.see(sight, now[0]))
        return answers

    return run


def test_three_views_enrol_and_the_door_stays_shut(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    face = made.a_face(1)
    answers = show(code(who), looks(face), looks(face), looks(face))
    assert [one.code for one in answers] == ["enrol_look", "enrol_more", "enrol_more", "enrol_done"]
    assert gate.door.opened == 0
    assert gate.entries() == []
    assert gate.store.templates()[who.id][0] == 1_000_000
    match = gate.brain.gallery().match(face)
    assert match is not None
    assert (match.key, match.sure) == (who.holder, True)


def test_the_template_is_never_asked_of_the_platform(gate: Gate, who: Grant) -> None:
    assert gate.brain.missing_templates() == []


@pytest.mark.parametrize("minutes", [-1, 0])
def test_an_old_code_enrols_nobody(who: Grant, show: Callable[..., list[Answer]], minutes: float) -> None:
    assert [one.code for one in show(code(who, minutes=minutes - 0.1))] == ["enrol_invalid"]


def test_a_code_that_another_platform_signed_enrols_nobody(who: Grant, show: Callable[..., list[Answer]]) -> None:
    assert [one.code for one in show(code(who, key=Ed25519PrivateKey.generate()))] == ["enrol_invalid"]


def test_a_changed_code_enrols_nobody(who: Grant, show: Callable[..., list[Answer]]) -> None:
    text = code(who)
    changed = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]
    assert [one.code for one in show(changed)] == ["enrol_invalid"]


def test_a_code_serves_once_at_a_gate(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    face, text = made.a_face(1), code(who)
    show(text, looks(face), looks(face), looks(face))
    assert [one.code for one in show(text)] == ["enrol_used"]


def test_whose_templates_come_from_the_platform_does_not_enrol_here(
    gate: Gate, show: Callable[..., list[Answer]]
) -> None:
    other = made.grant()
    gate.learn(other)
    assert [one.code for one in show(code(other))] == ["enrol_invalid"]


def test_a_picture_of_a_face_does_not_count(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    fake = looks(made.a_face(1), live=False)
    show(code(who), *[fake] * 10)
    assert gate.store.templates() == {}


def test_somebody_who_steps_in_between_begins_anew(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    one, other = made.a_face(1), made.a_face(2)
    answers = show(code(who), looks(one), looks(one), looks(other), looks(other))
    assert "enrol_done" not in [answer.code for answer in answers]
    assert gate.store.templates() == {}


def test_views_of_one_moment_are_one_view(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    show(code(who), *[looks(made.a_face(1))] * 5, every=0.05)
    assert gate.store.templates() == {}


def test_a_look_alike_of_a_neighbour_is_not_enrolled(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    face = made.a_face(1)
    neighbour = made.grant()
    gate.knows(neighbour, [face])
    near = np.asarray(face + 0.3 * made.a_face(9), np.float32)
    near /= np.linalg.norm(near)
    answers = show(code(who), looks(near), looks(near), looks(near))
    assert (answers[-1].state, answers[-1].code) == ("refused", "enrol_alike")
    assert set(gate.store.templates()) == {neighbour.id}


def test_who_does_not_come_is_waited_for_no_longer(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    show(code(who), Sight(), every=PATIENCE + 1)
    show(None, *[looks(made.a_face(1))] * 4)
    assert gate.store.templates() == {}


def test_a_new_enrolment_forgets_the_old_one(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    old, new = made.a_face(1), made.a_face(2)
    show(code(who), *[looks(old)] * 3)
    gate.learn(replace(who, rev=who.rev + 1, face=FaceRef(1_000_001, strict=False, here=True)))
    assert gate.brain.gallery().match(old) is None
    show(code(who, rev=1_000_001), *[looks(new)] * 3)
    match = gate.brain.gallery().match(new)
    assert match is not None
    assert match.sure


def test_an_ended_right_takes_the_template_with_it(gate: Gate, who: Grant, show: Callable[..., list[Answer]]) -> None:
    show(code(who), *[looks(made.a_face(1))] * 3)
    gate.learn(replace(who, rev=who.rev + 1, face=None))
    assert gate.store.templates() == {}
