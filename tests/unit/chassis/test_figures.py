"""What a process reads out of its own metrics: sums, shares and quantiles as Prometheus would tell them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.figures import Chosen, Figures

EDGES = (0.1, 0.25, 0.4, 1.2)


def observed(values: Sequence[float]) -> Figures:
    registry = CollectorRegistry()
    seconds = Histogram("seconds", "", ["client"], buckets=EDGES, registry=registry)
    for number, value in enumerate(values):
        seconds.labels(f"client{number % 3}").observe(value)
    return Figures(registry)


@given(st.lists(st.floats(0, 1.2), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    estimate = observed(values).quantile("seconds", share)
    assert estimate is not None
    ranked = sorted(values)
    true = next(value for place, value in enumerate(ranked, 1) if place >= share * len(ranked))
    upper = next(edge for edge in EDGES if true <= edge)
    lower = max((edge for edge in EDGES if edge < upper), default=0.0)
    assert lower - 1e-9 <= estimate <= upper + 1e-9


@pytest.mark.parametrize(
    ("values", "estimate"),
    [
        ([], None),
        ([5.0], 1.2),
        ([0.3] * 100, 0.25 + 0.15 * 0.95),
        ([0.05] * 95 + [0.3] * 5, 0.1),
        ([0.05] * 90 + [0.3] * 10, 0.25 + 0.15 * 0.5),
    ],
)
def test_a_quantile_is_spread_evenly_and_never_above_the_last_edge(values: list[float], estimate: float | None) -> None:
    assert observed(values).quantile("seconds", 0.95) == (None if estimate is None else pytest.approx(estimate))


def test_sums_shares_and_values_by_label() -> None:
    registry = CollectorRegistry()
    ends = Counter("ends", "", ["client", "end"], registry=registry)
    assert Figures(registry).share("ends_total", lambda labels: labels["end"] == "late") is None
    ends.labels("one", "said").inc(7)
    ends.labels("two", "late").inc(1)
    Gauge("lag", "", ["consumer"], registry=registry).labels("memory").set(3)
    figures = Figures(registry)
    assert figures.total("ends_total") == 8
    assert figures.share("ends_total", lambda labels: labels["end"] == "late") == 1 / 8
    assert figures.by("lag", "consumer") == {"memory": 3}
    assert (figures.total("unknown"), figures.by("unknown", "what")) == (0, {})
    assert [family.name for family in Chosen(["lag", "unknown"], registry).collect()] == ["lag"]
