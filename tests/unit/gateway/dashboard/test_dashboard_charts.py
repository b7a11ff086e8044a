from __future__ import annotations

import re

import pytest

from gateway.dashboard.charts import Series, line_chart, nice, stacked_chart


def whole(value: float) -> str:
    return f"{value:g}"


@pytest.mark.parametrize(
    ("most", "end"), [(0, 1), (1, 1), (1.01, 2), (0.03, 0.05), (24, 25), (26, 50), (114, 200), (999, 1000), (10, 10)]
)
def test_an_axis_ends_at_a_round_number_that_holds_all(most: float, end: float) -> None:
    assert nice(most) == pytest.approx(end)


def test_columns_stand_upon_each_other_and_reach_their_sum() -> None:
    chart = stacked_chart("t", ["a", "b"], [Series("x", "c1", [30, 0]), Series("y", "c2", [20, None])], whole)
    assert [(chart.top, chart.middle)] == [("50", "25")]
    lower, upper = chart.shapes
    assert re.findall(r"M\S+ (\S+)H\S+?V([\d.]+)", lower.path) == [("100.00", "40.00")]
    assert re.findall(r"M\S+ (\S+)H\S+?V([\d.]+)", upper.path) == [("40.00", "0.00")]
    assert chart.rows == [("a", ["30", "20"]), ("b", ["0", "–"])]
    assert [hit.words for hit in chart.hits] == ["a — x 30, y 20", "b — x 0, y –"]


def test_a_line_is_broken_where_nothing_was_seen_and_a_value_alone_is_a_dot() -> None:
    chart = line_chart("t", list("abcde"), [Series("x", "c1", [1, 2, None, 1, None])], whole)
    [shape] = chart.shapes
    assert shape.path == "M100.0 50.00L300.0 0.00M700.0 50.00"
    assert shape.dots == "M700.0 50.00h.01"


def test_a_level_above_all_values_is_seen() -> None:
    chart = line_chart("t", ["a"], [Series("x", "c1", [1])], whole, level=4)
    assert (chart.top, chart.level, chart.level_words) == ("5", pytest.approx(20), "level: 4")


def test_labels_stand_below_the_middle_of_their_steps_and_are_few() -> None:
    steps = [f"{hour:02}:00" for hour in range(24)]
    chart = stacked_chart("t", steps, [Series("x", "c1", [1] * 24)], whole)
    assert chart.labels == [(pytest.approx(100 * (hour + 0.5) / 24), f"{hour:02}:00") for hour in range(0, 24, 4)]
    ticks = [(7, "seven")]
    assert stacked_chart("t", steps, [Series("x", "c1", [1] * 24)], whole, ticks=ticks).labels == [
        (pytest.approx(31.25), "seven")
    ]


@pytest.mark.parametrize("values", [[], [None, None], [0, 0]])
def test_nothing_is_drawn_as_nothing(values: list[float | None]) -> None:
    steps = [str(number) for number in range(len(values))]
    assert stacked_chart("t", steps, [Series("x", "c1", values)], whole).empty
    assert line_chart("t", steps, [Series("x", "c1", values)], whole).empty
