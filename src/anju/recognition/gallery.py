"""Who this is, among many: one matrix product, a bar that rises with the crowd, and a margin to the second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, Hashable, TypeVar

import numpy as np
from numpy.typing import NDArray

from anju.recognition.faces import DIMENSIONS, Vector

Key = TypeVar("Key", bound=Hashable)

# Two strangers' cosine is close to a normal distribution (docs/recognition.md: measured, with the tail's fit).
STRANGERS = NormalDist(mu=0.12, sigma=0.078)
FALSE_MATCH = 1e-3
"""How often a stranger may be taken for anybody at all, at one gate, whatever the gallery's size (FPIR)."""
LOWEST_BAR = 0.45
HIGHEST_BAR = 0.60
STRICT_BAR = 0.62
MARGIN = 0.06
STRICT_MARGIN = 0.10
LOOK_ALIKE = 0.42


def bar(people: int) -> float:
    """The cosine a face must reach among so many people, so that FALSE_MATCH holds for the whole gallery."""
    if people <= 0:
        return HIGHEST_BAR
    each = FALSE_MATCH / people
    return min(HIGHEST_BAR, max(LOWEST_BAR, STRANGERS.inv_cdf(1 - each)))


@dataclass(frozen=True)
class Match(Generic[Key]):
    """The best person for a face. second: the next PERSON's score; sure: whether it is them."""

    key: Key
    score: float
    second: float
    sure: bool


class Gallery(Generic[Key]):
    """Everybody a gate may recognise. Vectors of one person lie together, so that one pass finds each person's best."""

    def __init__(self, people: Mapping[Key, Sequence[Vector]], strict: frozenset[Key] = frozenset()) -> None:
        self._keys: list[Key] = [key for key, vectors in people.items() if len(vectors)]
        rows = [vector for key in self._keys for vector in people[key]]
        self._matrix: NDArray[np.float32] = np.ascontiguousarray(np.stack(rows) if rows else np.zeros((0, DIMENSIONS)), np.float32)
        counts = np.array([len(people[key]) for key in self._keys], np.intp)
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
        self._single = bool((counts == 1).all())
        self._strict = strict
        self._bar = bar(len(self._keys))

    def __len__(self) -> int:
        return len(self._keys)

    def _scores(self, vector: Vector) -> NDArray[np.float32]:
        """Each person's best cosine."""
        scores = self._matrix @ vector
        return scores if self._single else np.maximum.reduceat(scores, self._starts)

    def match(self, vector: Vector) -> Match[Key] | None:
        """The likeliest person, sure or not. None: the gallery is empty."""
        if not self._keys:
            return None
        scores = self._scores(vector)
        best = int(scores.argmax())
        score = float(scores[best])
        scores[best] = -1
        second = float(scores.max()) if len(scores) > 1 else -1.0
        key = self._keys[best]
        strict = key in self._strict
        wanted = max(self._bar, STRICT_BAR) if strict else self._bar
        margin = STRICT_MARGIN if strict else MARGIN
        return Match(key, score, second, score >= wanted and score - second >= margin)

    def look_alikes(self, vectors: Sequence[Vector], itself: Key | None = None) -> list[Key]:
        """Other people whose faces are so near that one could be taken for the other."""
        if not self._keys:
            return []
        best = np.max([self._scores(vector) for vector in vectors], axis=0)
        return [self._keys[int(index)] for index in np.flatnonzero(best >= LOOK_ALIKE) if self._keys[int(index)] != itself]

    def self_test(self) -> "SelfTest":
        """How well this very gallery separates."""
        return _self_test(self._matrix, self._starts, len(self._keys), self._bar)


@dataclass(frozen=True)
class SelfTest:
    """highest_stranger: the nearest two different people. lowest_resident: the farthest two pictures of one person (None: one each)."""

    people: int
    bar: float
    highest_stranger: float | None
    lowest_resident: float | None


def _self_test(matrix: NDArray[np.float32], starts: NDArray[np.intp], people: int, wanted: float) -> SelfTest:
    highest: float | None = None
    lowest: float | None = None
    ends = np.append(starts[1:], len(matrix)) if people else starts
    owner = np.repeat(np.arange(people), ends - starts) if people else np.zeros(0, int)
    for start in range(0, len(matrix), 512):  # in blocks: 60,000 x 60,000 would not fit
        block = matrix[start : start + 512] @ matrix.T
        same = owner[start : start + 512, None] == owner[None, :]
        others = block[~same]
        if others.size:
            highest = max(highest if highest is not None else -1, float(others.max()))
        itself = np.arange(start, start + len(block))[:, None] == np.arange(len(matrix))[None, :]
        own = block[same & ~itself]
        if own.size:
            lowest = min(lowest if lowest is not None else 1, float(own.min()))
    return SelfTest(people, wanted, highest, lowest)


@dataclass
class Agreement(Generic[Key]):
    """Two frames within a second must name the same person: one lucky frame opens nothing."""

    seconds: float = 1.0
    _key: Key | None = None
    _at: float = float("-inf")

    def add(self, key: Key, now: float) -> bool:
        """Note a sure match at `now` (monotonic seconds). Returns whether it agrees with the one before."""
        agrees = self._key == key and now - self._at <= self.seconds
        self._key, self._at = key, now
        return agrees

    def clear(self) -> None:
        self._key, self._at = None, float("-inf")
