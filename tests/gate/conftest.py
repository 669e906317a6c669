"""Gates for tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.made import Gate


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate that nobody has told anything yet, but the time."""
    made = Gate(tmp_path)
    made.told_the_time()
    yield made
    made.close()
