"""What this process has counted so far, read out of its own metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

Labels = Mapping[str, str]


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
        """A quantile of a histogram over all its labels; None while nothing was observed.

        As Prometheus' histogram_quantile: evenly spread between two edges, and never above the last one.
        """
        counts: dict[float, float] = {}
        for sample in self._samples.get(f"{name}_bucket", ()):
            edge = float(sample.labels["le"])
            counts[edge] = counts.get(edge, 0.0) + sample.value
        edges = sorted(counts)
        if not edges or not counts[edges[-1]]:
            return None
        rank = share * counts[edges[-1]]
        below, before = 0.0, 0.0
        for edge in edges:
            if counts[edge] >= rank and counts[edge] > before:
                if math.isinf(edge):
                    return below
                return below + (edge - below) * (rank - before) / (counts[edge] - before)
            below, before = edge, counts[edge]
        return below


class Chosen:
    """The metrics of these names alone, each with all its samples."""

    def __init__(self, names: Iterable[str], collector: Collector = REGISTRY) -> None:
        self._names = frozenset(names)
        self._collector = collector

    def collect(self) -> Iterable[Metric]:
        """The metrics in the order of their making."""
        return (family for family in self._collector.collect() if family.name in self._names)
