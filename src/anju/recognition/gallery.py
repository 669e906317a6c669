"""Who this is, among many: one matrix product, a bar that rises with the crowd, a margin to the next."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from anju.recognition.faces import DIMENSIONS, Vector

Key = TypeVar("Key", bound=Hashable)

STRANGERS = NormalDist(mu=0.11, sigma=0.085)
"""The upper tail of strangers' cosines, fitted to the highest fifth measured (docs/recognition.md)."""
FALSE_MATCH = 1e-3
"""How often one frame of a stranger may pass for anybody at all, whatever the gallery's size (FPIR)."""
LOWEST_BAR = 0.45
HIGHEST_BAR = 0.60
STRICT_BAR = 0.62
MARGIN = 0.06
STRICT_MARGIN = 0.10
LOOK_ALIKE = 0.42
LOOK_ALIKE_BELOW_BAR = 0.08
"""Two frames of one pair of strangers differ by about this much: nearer to the bar may cross it."""


def bar(people: int) -> float:
    """The cosine a face must reach among so many people, so that FALSE_MATCH holds for the whole gallery.

    The highest of `people` strangers' scores stays below q with probability F(q) ** people: extreme values.
    """
    each = FALSE_MATCH / max(people, 1)
    return min(HIGHEST_BAR, max(LOWEST_BAR, STRANGERS.inv_cdf(1 - each)))


def false_match_rate(wanted: float, people: int) -> float:
    """The estimated chance that a stranger's frame reaches `wanted` with somebody among so many (FPIR)."""
    return float(-np.expm1(people * np.log1p(-(1 - STRANGERS.cdf(wanted)))))


@dataclass(frozen=True)
class Match(Generic[Key]):
    """The best person for a face.

    second: the next PERSON's score (-1: there is none); sure: whether it is them.
    """

    key: Key
    score: float
    second: float
    sure: bool


class Gallery(Generic[Key]):
    """Everybody a gate may recognise.

    Never changes: make a new one, so that a thread may go on using the old.
    """

    def __init__(self, people: Mapping[Key, Sequence[Vector]], strict: frozenset[Key] = frozenset()) -> None:
        """people: vectors of length 1 by person.

        strict: people with a look-alike, who need the higher bar.
        """
        self._keys: list[Key] = [key for key, vectors in people.items() if len(vectors)]
        counts = [len(people[key]) for key in self._keys]
        rows = [vector for key in self._keys for vector in people[key]]
        self._matrix: NDArray[np.float32] = np.array(rows, np.float32).reshape(-1, DIMENSIONS)
        self._owner = np.repeat(np.arange(len(self._keys)), counts)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        self._strict = strict
        self.bar = bar(len(self._keys))

    def __len__(self) -> int:
        return len(self._keys)

    def match(self, vector: Vector) -> Match[Key] | None:
        """The likeliest person, sure or not. None: the gallery is empty."""
        if not self._keys:
            return None
        scores = self._matrix @ vector
        row = int(scores.argmax())
        score = float(scores[row])
        person = int(self._owner[row])
        # The second PERSON: one's own other vectors are no rivals.
        scores[self._starts[person] : self._starts[person + 1]] = -1
        second = float(scores.max())
        key = self._keys[person]
        strict = key in self._strict
        wanted = max(self.bar, STRICT_BAR) if strict else self.bar
        margin = STRICT_MARGIN if strict else MARGIN
        return Match(key, score, second, score >= wanted and score - second >= margin)

    @property
    def _near(self) -> float:
        """From here on two people look alike."""
        return max(LOOK_ALIKE, self.bar - LOOK_ALIKE_BELOW_BAR)

    def look_alikes(self, vectors: Sequence[Vector], itself: Key | None = None) -> list[Key]:
        """Other people whose faces are so near that one could be taken for the other."""
        if not self._keys or not len(vectors):
            return []
        best = (self._matrix @ np.stack(list(vectors), axis=1)).max(axis=1)
        people = np.unique(self._owner[best >= self._near])
        return [key for index in people if (key := self._keys[int(index)]) != itself]

    def self_test(self) -> "SelfTest":
        """How well this very gallery separates. Takes seconds for thousands of people."""
        highest: float | None = None
        lowest: float | None = None
        rows = np.arange(len(self._matrix))
        alike: set[tuple[int, int]] = set()
        for start in range(0, len(self._matrix), 256):  # in blocks: 60,000 x 60,000 would not fit
            block = self._matrix[start : start + 256] @ self._matrix.T
            mine = rows[start : start + 256]
            same = self._owner[mine][:, None] == self._owner[None, :]
            others = float(np.where(same, -2, block).max())
            own = float(np.where(same & (mine[:, None] != rows[None, :]), block, 2).min())
            alike |= {
                (int(self._owner[mine[i]]), int(self._owner[j])) for i, j in np.argwhere(~same & (block >= self._near))
            }
            if others > -2:
                highest = others if highest is None else max(highest, others)
            if own < 2:
                lowest = own if lowest is None else min(lowest, own)
        return SelfTest(len(self), self.bar, highest, lowest, len(alike) // 2)


@dataclass(frozen=True)
class SelfTest:
    """highest_stranger: the nearest two different people.

    lowest_resident: the farthest two pictures of one person. look_alikes: pairs of people who look alike.
    None: there are no two people, or nobody has two pictures.
    """

    people: int
    bar: float
    highest_stranger: float | None
    lowest_resident: float | None
    look_alikes: int


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
        """Forget the last match."""
        self._key, self._at = None, float("-inf")
