"""What this process has counted so far, read out of its own metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

Labels = Mapping[str, str]
Buckets = tuple[tuple[float, float], ...]
"""Upper edges with how many lie below, the last edge infinite."""


def everything(_: Labels) -> bool:
    """Takes samples whatever their labels are."""
    return True


class Figures:
    """The samples of all metrics at one moment."""

    def __init__(self, collector: Collector = REGISTRY) -> None:
        self._samples: dict[str, list[Sample]] = {}
        for family in collector.collect():
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append(sample)

    def total(self, name: str, where: Callable[[Labels], bool] = everything) -> float:
        """The sum over all labels that are wanted; 0 without any."""
        return sum(sample.value for sample in self._samples.get(name, ()) if where(sample.labels))

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values of a metric by one of its labels."""
        return {sample.labels[label]: sample.value for sample in self._samples.get(name, ())}

    def share(self, name: str, where: Callable[[Labels], bool]) -> float | None:
        """What those wanted are of all, 0 to 1; None while there are none."""
        among = self.total(name)
        return self.total(name, where) / among if among else None

    def quantile(self, name: str, share: float) -> float | None:
        """A quantile of a histogram over all its labels; None while nothing was observed."""
        counts: dict[float, float] = {}
        for sample in self._samples.get(f"{name}_bucket", ()):
            edge = float(sample.labels["le"])
            counts[edge] = counts.get(edge, 0.0) + sample.value
        return quantile(share, tuple(sorted(counts.items())))


def total(buckets: Buckets) -> float:
    """How many are in all buckets."""
    return buckets[-1][1] if buckets else 0.0


def quantile(q: float, buckets: Buckets) -> float | None:
    """A quantile as Prometheus' histogram_quantile works it out: evenly within a bucket, and in the last one the edge
    below it."""
    of = total(buckets)
    if not of:
        return None
    rank = q * of
    place = next(number for number, (_, count) in enumerate(buckets) if count >= rank)
    edge, count = buckets[place]
    if math.isinf(edge):
        return buckets[-2][0] if len(buckets) > 1 else None
    low, below = buckets[place - 1] if place else (0.0, 0.0)
    return low + (edge - low) * (rank - below) / (count - below)


class Chosen:
    """The metrics of these names alone, each with all its samples."""

    def __init__(self, names: Iterable[str], collector: Collector = REGISTRY) -> None:
        self._names = frozenset(names)
        self._collector = collector

    def collect(self) -> Iterable[Metric]:
        """The metrics in the order of their making."""
        return (family for family in self._collector.collect() if family.name in self._names)
