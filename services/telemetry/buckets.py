"""Latencies by buckets: sixteen to a doubling, so that an edge is at most 6.25 % above what fell below it. Pure.

The layout is that of HdrHistogram with four bits of precision (https://hdrhistogram.github.io/HdrHistogram/).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

PRECISION = 4
"""Bits of a latency that its bucket tells beside the first."""
PLAIN = 2 << PRECISION
"""Below it each latency has a bucket of its own."""

NORMAL_95 = 1.959964
"""Quantile of the normal distribution for bounds of 95 %."""


def bucket_of(latency_us: int) -> int:
    """The bucket of a latency in microseconds; of one below zero, the first."""
    if latency_us < PLAIN:
        return max(0, latency_us)
    shift = latency_us.bit_length() - 1 - PRECISION
    return (shift << PRECISION) + (latency_us >> shift)


def edge_of(bucket: int) -> int:
    """The longest latency of a bucket, in microseconds."""
    if bucket < PLAIN:
        return bucket
    shift = (bucket >> PRECISION) - 1
    return (((bucket - (shift << PRECISION)) + 1) << shift) - 1


def floor_of(bucket: int) -> int:
    """The shortest latency of a bucket, in microseconds."""
    return edge_of(bucket - 1) + 1 if bucket else 0


def percentile(counts: Mapping[int, int], share: float) -> int:
    """The latency that a share (0 to 1) of all do not pass, by nearest rank, as the edge of its bucket; 0 of none."""
    return edge_of(at_rank(counts, math.ceil(share * sum(counts.values()))))


def bounds(counts: Mapping[int, int], share: float) -> tuple[int, int]:
    """Bounds of 95 % of a percentile: the order statistics that the normal approximation of the binomial names, each as
    the outer end of its bucket.

    Source: Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    total = sum(counts.values())
    spread = NORMAL_95 * math.sqrt(total * share * (1 - share))
    lower, upper = math.floor(total * share - spread), math.ceil(total * share + spread) + 1
    return floor_of(at_rank(counts, max(1, lower))), edge_of(at_rank(counts, min(total, upper)))


def at_rank(counts: Mapping[int, int], rank: int) -> int:
    """The bucket in which the latency of a rank lies, the shortest having rank 1; the first of none."""
    passed = 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= rank:
            return bucket
    return 0
