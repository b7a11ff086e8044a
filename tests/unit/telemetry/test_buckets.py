from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.buckets import bounds, bucket_of, edge_of, percentile

LATENCIES = st.integers(0, 2**62)


@given(LATENCIES)
def test_an_edge_is_at_most_a_sixteenth_above_what_falls_below_it(latency: int) -> None:
    edge = edge_of(bucket_of(latency))
    assert latency <= edge <= latency + latency / 16


@given(LATENCIES, LATENCIES)
def test_buckets_keep_the_order_of_latencies(one: int, other: int) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other
    assert edge_of(bucket_of(one)) < one or bucket_of(edge_of(bucket_of(one))) == bucket_of(one)


def test_what_is_below_zero_has_the_first_bucket() -> None:
    assert bucket_of(-7) == 0


@given(st.lists(st.integers(0, 10**7), min_size=1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_percentile_is_the_edge_of_the_nearest_rank(latencies: list[int], share: float) -> None:
    exact = sorted(latencies)[math.ceil(share * len(latencies)) - 1]
    assert percentile(Counter(map(bucket_of, latencies)), share) == edge_of(bucket_of(exact))


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile({}, 0.95) == 0


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_bounds_hold_the_percentile_in_nineteen_of_twenty_samples(share: float) -> None:
    picker = random.Random(5)
    truth = 1000 * math.exp(0.8 * {0.5: 0.0, 0.95: 1.6449}[share])
    held = 0
    for _ in range(400):
        sample = Counter(bucket_of(int(1000 * math.exp(0.8 * picker.gauss(0, 1)))) for _ in range(300))
        lower, upper = bounds(sample, share)
        held += lower <= truth <= upper
    assert held / 400 > 0.93


@given(st.lists(st.integers(0, 10**7), min_size=1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_percentile_as_it_was_lies_within_its_bounds(latencies: list[int], share: float) -> None:
    exact = sorted(latencies)[math.ceil(share * len(latencies)) - 1]
    lower, upper = bounds(Counter(map(bucket_of, latencies)), share)
    assert lower <= exact <= upper
