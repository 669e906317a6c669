"""What check, tour and bench answer: lines for people, one JSON object for programs."""

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Bar(StrEnum):
    """How a figure is held against its bar."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True)
class Figure:
    """One measured value; without a unit it is 1 (well) or 0 (not).

    bar: None when it is only reported. note: what to do about it, or how it came about.
    """

    value: float
    unit: str
    bar: float | None = None
    side: Bar = Bar.AT_MOST
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the bar is met."""
        if self.bar is None:
            return True
        return self.value <= self.bar if self.side is Bar.AT_MOST else self.value >= self.bar

    def __str__(self) -> str:
        if not self.unit:  # a plain yes or no
            return self.note or ("well" if self.value else "ill")
        wanted = f"  ({self.side} {self.bar:g})" if self.bar is not None else ""
        return f"{self.value:.4g} {self.unit}{wanted}{'  ' + self.note if self.note else ''}"


def yes(value: bool, note: str = "") -> Figure:
    """A figure that must be true."""
    return Figure(float(value), "", 1, Bar.AT_LEAST, note)


@dataclass
class Report:
    """Figures by name, shown as they come in."""

    quiet: bool = False
    figures: dict[str, Figure] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @property
    def ok(self) -> bool:
        """Whether every bar is met."""
        return all(figure.ok for figure in self.figures.values())

    def say(self, line: str) -> None:
        """A line for people."""
        if not self.quiet:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def add(self, name: str, figure: Figure) -> None:
        """Take in one figure."""
        self.figures[name] = figure
        self.say(f"  {'✓' if figure.ok else '✗'} {name}: {figure}")

    def _as_json(self) -> dict[str, Any]:  # Any: JSON
        return {
            name: {"value": round(one.value, 4), "unit": one.unit, "bar": one.bar, "ok": one.ok}
            | ({"note": one.note} if one.note else {})
            for name, one in self.figures.items()
        }

    def dump(self) -> str:
        """The figures, for a process that goes on with them."""
        return json.dumps({name: asdict(one) for name, one in self.figures.items()}, ensure_ascii=False)

    def load(self, text: str) -> None:
        """Take in what another process dumped."""
        for name, said in json.loads(text).items():
            self.figures[name] = Figure(**{**said, "side": Bar(said["side"])})

    def finish(self, *, as_json: bool) -> int:
        """Print the end of it. Returns the exit code."""
        seconds = round(time.monotonic() - self.began, 1)
        if as_json:
            answer = {"ok": self.ok, "figures": self._as_json(), "seconds": seconds}
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        else:
            self.say(f"\n  {'✓ all well / 一切正常' if self.ok else '✗ not well / 有问题'}  {seconds} s")
        return 0 if self.ok else 1
