"""Pictures of figures as plain numbers for an SVG: bars, stacked bars, lines. Each has its table beside it.

No style attribute and no script: the page's Content-Security-Policy allows neither. Colours come from classes
("series-1" …), which the style sheet sets for light, dark and print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

WIDTH: Final = 640
"""Units of a picture's width; it is drawn as wide as its place allows."""
HEIGHT: Final = 200
"""Units of its height."""
LEFT: Final = 62
"""Units for the figures of the axis."""
SERIES: Final = 6
"""Series that have a colour of their own; the rest is put together by whoever makes the chart."""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of figures."""

    name: str
    """What it is."""
    values: tuple[Decimal, ...]
    """One for each place on the axis."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One rectangle or point."""

    x: float
    """From the left."""
    y: float
    """From above."""
    width: float
    """0 for a point."""
    height: float
    """0 for a point."""
    series: int
    """1 for the first: its colour."""
    told: str
    """What it says, for whoever points at it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A figure on an axis."""

    at: float
    """Where."""
    text: str
    """What."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, ready to be drawn, and what its table says."""

    title: str
    """What it shows, as a sentence: the picture's name for those who do not see it."""
    labels: tuple[str, ...]
    """The places on the axis."""
    series: tuple[Series, ...]
    """The figures, for the table."""
    table: tuple[tuple[str, tuple[str, ...]], ...]
    """(label, figures as text): the table's rows."""
    marks: tuple[Mark, ...]
    """Rectangles and points."""
    lines: tuple[tuple[int, str], ...]
    """(series, points "x,y x,y"): of a line chart."""
    across: tuple[Tick, ...]
    """Figures of the upright axis; each has a line."""
    along: tuple[Tick, ...]
    """Labels below."""
    unit: str
    """"$" or ""."""


def stacked(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """Bars of which each stands on the one before it."""
    most = max((sum((one.values[place] for one in series), Decimal(0)) for place in range(len(labels))), default=None)
    scale = _Scale(most or Decimal(0))
    step, marks = _step(labels), list[Mark]()
    for place, label in enumerate(labels):
        below = Decimal(0)
        for number, one in enumerate(series, 1):
            value = one.values[place]
            if value:
                top, bottom = scale.y(below + value), scale.y(below)
                told = f"{one.name}, {label}: {written(value, unit)}"
                wide = step * 0.7
                marks.append(Mark(_x(place, step) - wide / 2, top, wide, bottom - top, number, told))
            below += value
    return _chart(title, labels, series, unit, scale, tuple(marks), ())


def bars(title: str, labels: Sequence[str], values: Sequence[Decimal], unit: str = "", name: str = "") -> Chart:
    """One bar a label."""
    return stacked(title, labels, [Series(name or title, tuple(values))], unit)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """One line a series, with a point a label."""
    scale = _Scale(max((value for one in series for value in one.values), default=Decimal(0)))
    step, marks, drawn = _step(labels), list[Mark](), list[tuple[int, str]]()
    for number, one in enumerate(series, 1):
        points = [(_x(place, step), scale.y(value)) for place, value in enumerate(one.values)]
        drawn.append((number, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)))
        for (x, y), label, value in zip(points, labels, one.values, strict=True):
            marks.append(Mark(round(x, 1), round(y, 1), 0, 0, number, f"{one.name}, {label}: {written(value, unit)}"))
    return _chart(title, labels, series, unit, scale, tuple(marks), tuple(drawn))


def written(value: Decimal, unit: str) -> str:
    """A figure as text: "$1,240" or "1,240"; cents only where there are some."""
    whole = value == value.to_integral_value()
    if unit == "$":
        return f"${value:,.0f}" if whole else f"${value:,.2f}"
    return f"{value:,.0f}{unit}" if whole else f"{value.normalize():,f}{unit}"


class _Scale:
    """Figures to places, from a round number above the most down to nothing."""

    def __init__(self, most: Decimal) -> None:
        self.step = _round_step(most)
        steps = (most / self.step).to_integral_value(ROUND_CEILING)
        self.top = self.step * max(Decimal(1), steps)

    def y(self, value: Decimal) -> float:
        """Where a figure stands."""
        return round(HEIGHT - float(value / self.top) * HEIGHT, 1)

    def ticks(self, unit: str) -> tuple[Tick, ...]:
        """Its lines."""
        count = int(self.top / self.step)
        return tuple(Tick(self.y(self.step * place), written(self.step * place, unit)) for place in range(count + 1))


def _round_step(most: Decimal) -> Decimal:
    """1, 2 or 5 with noughts: about four steps up to the most."""
    if most <= 0:
        return Decimal(1)
    rough = most / 4
    power = Decimal(1).scaleb(rough.adjusted())
    steps: list[Decimal] = [power * Decimal(one) for one in (1, 2, 5, 10)]
    step = next(one for one in steps if one >= rough)
    return max(step, Decimal(1)) if most >= 1 else step


def _step(labels: Sequence[str]) -> float:
    return (WIDTH - LEFT) / max(1, len(labels))


def _x(place: int, step: float) -> float:
    return round(LEFT + step * (place + 0.5), 1)


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: str,
    scale: _Scale,
    marks: tuple[Mark, ...],
    drawn: tuple[tuple[int, str], ...],
) -> Chart:
    step, every = _step(labels), -(-len(labels) // 8) or 1
    last = len(labels) - 1
    along = tuple(Tick(_x(place, step), label) for place, label in enumerate(labels) if (last - place) % every == 0)
    rows = tuple(
        (label, tuple(written(one.values[place], unit) for one in series)) for place, label in enumerate(labels)
    )
    return Chart(title, tuple(labels), tuple(series), rows, marks, drawn, scale.ticks(unit), along, unit)
