"""The consent promises hold through thousands of random acts, and the machine that says so notices when they do not."""

import os

import pytest

from anju.site.report import Bar, Figure, yes
from tests import figures
from tests.privacy import consent_machine as machine

STEPS = int(os.environ.get("ANJU_MACHINE_STEPS", "2000"))


def test_the_promises_hold_whatever_people_do(db: None) -> None:
    done = machine.run(STEPS)
    figures.note("3 steps without a violation", Figure(done, "steps", 20_000, Bar.AT_LEAST))
    assert done >= STEPS


@pytest.mark.parametrize("fault", machine.FAULTS)
def test_a_planted_fault_is_caught(db: None, fault: str) -> None:
    with machine.FAULTS[fault](), pytest.raises(AssertionError):
        machine.run(20_000)  # chance decides when it shows; most runs need a fraction
    figures.note(f"3 fault noticed: {fault}", yes(True))
