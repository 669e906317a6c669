"""How well number plates are read, and whether a wrong reading would open for somebody else: on drawn plates, not on photographs.

.venv/bin/python -m benchmarks.plates [pictures]
"""

import random
import sys
import time
from dataclasses import dataclass, field
from statistics import median

from tests.recognition import made_plates

from anju.grants import plates
from anju.recognition.plates import PlateReader, Read

RESIDENTS = 5_000
LEAST = 0.8
"""The gate's bar (anju.gate.barrier)."""


@dataclass
class Tally:
    """What became of the pictures. wrongly: readings over the bar that were not the plate; opened: of those, a resident's."""

    pictures: int = 0
    found: int = 0
    sure: int = 0
    exact: int = 0
    alike: int = 0
    wrongly: int = 0
    opened: int = 0
    seconds: list[float] = field(default_factory=list)

    def note(self, plate: str, reads: list[Read], residents: set[str], took: float) -> None:
        self.pictures += 1
        self.seconds.append(took)
        if not reads:
            return
        self.found += 1
        best = reads[0]
        if best.confidence < LEAST:
            return
        self.sure += 1
        self.exact += best.text == plate
        self.alike += plates.alike(best.text) == plates.alike(plate)
        self.wrongly += best.text != plate
        self.opened += best.text != plate and plates.alike(best.text) in residents

    def lines(self) -> str:
        took = sorted(self.seconds)
        share = 100 / self.pictures
        return (
            f"{self.pictures} pictures: found {self.found * share:.1f} %, sure enough {self.sure * share:.1f} %, "
            f"exact {self.exact * share:.1f} %, alike form {self.alike * share:.1f} %, "
            f"wrong over the bar {self.wrongly}, of those a resident's {self.opened}; "
            f"{1000 * median(took):.0f} ms (p50), {1000 * took[int(0.99 * len(took))]:.0f} ms (p99)"
        )


def measure(pictures: int, *, seed: int, every_view: bool) -> Tally:
    """Strangers' cars before a gate that knows RESIDENTS others."""
    source = random.Random(seed)
    residents = {plates.alike(made_plates.some_plate(source)) for _ in range(RESIDENTS)}
    reader, tally = PlateReader(), Tally()
    reader.read(made_plates.picture("鲁A12345"))  # loads the models
    for number in range(pictures):
        plate = made_plates.some_plate(source)
        view = made_plates.some_view(source) if every_view else made_plates.DAY
        picture = made_plates.picture(plate, view, number)
        began = time.perf_counter()
        reads = reader.read(picture)
        tally.note(plate, reads, residents, time.perf_counter() - began)
    return tally


def main() -> None:
    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("by day, straight:", measure(pictures // 4, seed=1, every_view=False).lines())
    print("every view:      ", measure(pictures, seed=2, every_view=True).lines())


if __name__ == "__main__":
    main()
