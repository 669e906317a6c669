"""The consent promises hold through thousands of random acts, and the machine that says so notices when they do not."""

import pytest

from tests.privacy import consent_machine as machine


def test_the_promises_hold_whatever_people_do(db: None) -> None:
    assert machine.run(2_000) >= 2_000


@pytest.mark.parametrize("fault", machine.FAULTS)
def test_a_planted_fault_is_caught(db: None, fault: str) -> None:
    with machine.FAULTS[fault](), pytest.raises(AssertionError):
        machine.run(3_000)
