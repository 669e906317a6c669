"""Charts for unfold's canvas: data and options as the JSON that its script reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

GOOD = "var(--color-primary-500)"
BAD = "#f59e0b"
QUIET = "var(--color-base-300)"


@dataclass(frozen=True)
class Chart:
    data: str
    options: str


@dataclass(frozen=True)
class Series:
    """One colour of a bar chart: a number for each label."""

    name: str
    colour: str
    values: Sequence[int]
    stack: str = "out"


def _options(
    *, stacked: bool = False, x: bool = True, whole: bool = True
) -> dict[str, Any]:  # Any: Chart.js's own options
    ticks: dict[str, Any] = {"color": "#9ca3af"}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "datasets": {
            "bar": {
                "borderRadius": 4,
                "maxBarThickness": 28,
                "categoryPercentage": 0.8,
                "barPercentage": 0.95,
            }
        },
        "plugins": {
            "legend": {
                "display": True,
                "align": "end",
                "labels": {
                    "boxWidth": 8,
                    "boxHeight": 8,
                    "usePointStyle": True,
                    "pointStyle": "circle",
                    "color": "#9ca3af",
                },
            },
            "tooltip": {"enabled": True, "mode": "index" if x else "nearest", "intersect": not x},
        },
        "scales": {
            "x": {
                "stacked": stacked,
                "display": x,
                "grid": {"display": False},
                "ticks": {**ticks, "maxRotation": 0, "autoSkipPadding": 12},
            },
            "y": {
                "stacked": stacked,
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"color": "rgba(148,163,184,.18)"},
                "ticks": {**ticks, **({"precision": 0} if whole else {})},
                **({"suggestedMax": 4} if whole else {"suggestedMax": 1}),
            },
        },
    }


def bars(labels: Sequence[str], *series: Series) -> Chart:
    """Bars by label, stacked within each stack."""
    sets = [
        {"label": one.name, "backgroundColor": one.colour, "data": list(one.values), "stack": one.stack}
        for one in series
    ]
    return Chart(json.dumps({"labels": list(labels), "datasets": sets}), json.dumps(_options(stacked=True)))


def scatter(*series: tuple[str, str, Sequence[tuple[int, float]]]) -> Chart:
    """series: name, colour, points (x, y between 0 and 1)."""
    sets = [
        {
            "label": name,
            "backgroundColor": colour,
            "borderColor": colour,
            "pointRadius": 4,
            "data": [{"x": x, "y": round(y, 3)} for x, y in points],
        }
        for name, colour, points in series
    ]
    return Chart(json.dumps({"datasets": sets}), json.dumps(_options(x=False, whole=False)))
