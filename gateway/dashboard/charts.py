"""Charts as geometry: shapes in a plane of 1000 by 100, which the page stretches; labels stay outside and keep their
size. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH = 1000.0
HEIGHT = 100.0
LABELS = 6
"""At most so many labels below a chart: more do not fit on a phone."""
Tick = tuple[int, str]
"""A step by its number, with a label."""
GAP = 0.18
"""Share of a column that stays free."""
STEPS = (1, 2, 2.5, 5, 10)

Show = Callable[[float], str]


@dataclass(frozen=True)
class Series:
    """Values by step; None where there is none. `tone` is a class of the style sheet."""

    name: str
    tone: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Shape:
    """One path of a chart; of lines also the values that stand alone, which would not be seen as such."""

    tone: str
    path: str
    dots: str = ""


@dataclass(frozen=True)
class Hit:
    """The room of one step, with what to say of it."""

    x: float
    width: float
    words: str


@dataclass(frozen=True)
class Chart:
    """What a page draws, and the same as a table."""

    title: str
    note: str
    shapes: Sequence[Shape]
    hits: Sequence[Hit]
    top: str
    middle: str
    labels: Sequence[tuple[float, str]]
    """Where they stand, in percent of the width."""
    legend: Sequence[tuple[str, str]]
    """Names with their tones."""
    rows: Sequence[tuple[str, Sequence[str]]]
    """Steps with the value of each series."""
    lines: bool = False
    empty: bool = False
    level: float | None = None
    """Height of a level that values stand beside."""
    level_words: str = ""


def line_chart(
    title: str,
    steps: Sequence[str],
    series: Sequence[Series],
    show: Show,
    *,
    ticks: Sequence[Tick] | None = None,
    level: float | None = None,
    note: str = "",
) -> Chart:
    """Values as lines, each broken where it has no value."""
    values = [value for each in series for value in each.values if value is not None]
    top = nice(max([*values, level or 0.0], default=0.0))
    shapes = [Shape(each.tone, line(each.values, top), dots(each.values, top)) for each in series]
    at = None if level is None else HEIGHT * (1 - level / top)
    words = "" if level is None else f"level: {show(level)}"
    return chart(title, note, steps, series, show, shapes, top, ticks, lines=True, level=at, level_words=words)


def stacked_chart(
    title: str,
    steps: Sequence[str],
    series: Sequence[Series],
    show: Show,
    *,
    ticks: Sequence[Tick] | None = None,
    note: str = "",
) -> Chart:
    """Values as columns, one series upon the other."""
    sums = [sum(each.values[number] or 0.0 for each in series) for number in range(len(steps))]
    top = nice(max(sums, default=0.0))
    below = [0.0] * len(steps)
    shapes: list[Shape] = []
    for each in series:
        path: list[str] = []
        for number, value in enumerate(each.values):
            if value:
                path.append(column(number, len(steps), below[number] / top, (below[number] + value) / top))
                below[number] += value
        shapes.append(Shape(each.tone, "".join(path)))
    return chart(title, note, steps, series, show, shapes, top, ticks)


def chart(
    title: str,
    note: str,
    steps: Sequence[str],
    series: Sequence[Series],
    show: Show,
    shapes: Sequence[Shape],
    top: float,
    ticks: Sequence[Tick] | None,
    *,
    lines: bool = False,
    level: float | None = None,
    level_words: str = "",
) -> Chart:
    """What all charts have."""
    rows = [(step, [shown(each.values[number], show) for each in series]) for number, step in enumerate(steps)]
    wide = WIDTH / max(1, len(steps))
    hits = [Hit(number * wide, wide, said(step, series, values)) for number, (step, values) in enumerate(rows)]
    empty = not any(value for each in series for value in each.values)
    legend = [(each.name, each.tone) for each in series]
    return Chart(
        title,
        note,
        shapes,
        hits,
        show(top),
        show(top / 2),
        [(100 * (number + 0.5) / max(1, len(steps)), words) for number, words in thinned(ticks or [*enumerate(steps)])],
        legend,
        rows,
        lines=lines,
        empty=empty,
        level=level,
        level_words=level_words,
    )


def said(step: str, series: Sequence[Series], values: Sequence[str]) -> str:
    """A step in words."""
    return f"{step} — " + ", ".join(f"{each.name} {value}" for each, value in zip(series, values, strict=True))


def shown(value: float | None, show: Show) -> str:
    """A value, or a dash for none."""
    return "–" if value is None else show(value)


def nice(most: float) -> float:
    """The end of an axis: a round number at or above the greatest value."""
    if most <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return next(step * unit for step in STEPS if step * unit >= most * (1 - 1e-9))


def line(values: Sequence[float | None], top: float) -> str:
    """The path of a line."""
    path: list[str] = []
    drawing = False
    for number, value in enumerate(values):
        if value is not None:
            path.append(f"{'L' if drawing else 'M'}{place(number, len(values), value, top)}")
        drawing = value is not None
    return "".join(path)


def dots(values: Sequence[float | None], top: float) -> str:
    """The path of the values without a neighbour."""
    padded = [None, *values, None]
    return "".join(
        f"M{place(number, len(values), value, top)}h.01"
        for number, value in enumerate(values)
        if value is not None and padded[number] is None and padded[number + 2] is None
    )


def place(number: int, of: int, value: float, top: float) -> str:
    """Where a value of a line lies."""
    return f"{(number + 0.5) * WIDTH / of:.1f} {HEIGHT * (1 - value / top):.2f}"


def column(number: int, of: int, low: float, high: float) -> str:
    """The path of a column between two heights, 0 to 1."""
    wide = WIDTH / of
    left, right = (number + GAP / 2) * wide, (number + 1 - GAP / 2) * wide
    bottom, top = HEIGHT * (1 - low), HEIGHT * (1 - high)
    return f"M{left:.1f} {bottom:.2f}H{right:.1f}V{top:.2f}H{left:.1f}Z"


def thinned(ticks: Sequence[Tick]) -> list[Tick]:
    """Some of the labels, at equal distances, the first among them."""
    every = max(1, math.ceil(len(ticks) / LABELS))
    return list(ticks[::every])
