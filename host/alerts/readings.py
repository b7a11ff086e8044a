"""What the alerts need of this process's metrics, read at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from chassis.figures import Buckets
from chassis.measures import Quantile, Selector, Share
from chassis.service_levels import Level
from host.alerts.definitions import Alert, Bounded, Burning, Gauge, Increase, RecentQuantile, Value

BUCKET, COUNT, EDGE = "_bucket", "_count", "le"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Series to read: counters as a sum, histograms as the sum of their buckets, gauges one by one."""

    counters: frozenset[Selector] = frozenset()
    histograms: frozenset[Selector] = frozenset()
    gauges: frozenset[Selector] = frozenset()

    @property
    def samples(self) -> list[str]:
        """The names of their samples."""
        buckets = (series.metric + BUCKET for series in self.histograms)
        return sorted({*(series.metric for series in self.counters | self.gauges), *buckets})


@dataclass(frozen=True, slots=True)
class Reading:
    """The values. A counter of which there is no series yet is at 0: it has only not counted anything."""

    counters: Mapping[Selector, float] = field(default_factory=dict[Selector, float])
    histograms: Mapping[Selector, Buckets] = field(default_factory=dict[Selector, Buckets])
    gauges: Mapping[Selector, tuple[float, ...]] = field(default_factory=dict[Selector, tuple[float, ...]])


def wanted_by(alerts: Iterable[Alert]) -> Wanted:
    """What must be read for alerts."""
    counters: set[Selector] = set()
    histograms: set[Selector] = set()
    gauges: set[Selector] = set()

    def want(value: Value) -> None:
        match value:
            case Gauge():
                gauges.add(value.series)
            case Increase():
                counters.add(value.series)
            case RecentQuantile():
                histograms.add(value.quantile.among)
            case _:
                pass  # A process cannot see that it is absent.

    def want_level(level: Level) -> None:
        match level.measure:
            case Share():
                counters.update((level.measure.among, level.measure.chosen))
            case Quantile():
                histograms.add(level.measure.among)
            case None:
                pass

    for rule in (rule for alert in alerts for rule in alert.rules):
        match rule.when:
            case Burning():
                want_level(rule.when.level)
            case Bounded():
                for threshold in (rule.when.threshold, rule.when.meanwhile):
                    if threshold is not None:
                        want(threshold.value)
    return Wanted(frozenset(counters), frozenset(histograms), frozenset(gauges))


def read(registry: CollectorRegistry, wanted: Wanted) -> Reading:
    """The values now. Only the metrics that are wanted are gone through: hooks wait for this meanwhile."""
    counters = dict.fromkeys(wanted.counters, 0.0)
    gauges: dict[Selector, list[float]] = {series: [] for series in wanted.gauges}
    histograms: dict[Selector, dict[float, float]] = {series: {} for series in wanted.histograms}
    counting = by_name(wanted.counters)
    standing = by_name(wanted.gauges)
    bucketing = by_name(wanted.histograms, BUCKET)
    for name, labels, value in samples_of(registry.restricted_registry(wanted.samples).collect()):
        for series in counting.get(name, ()):
            if series.takes(labels):
                counters[series] += value
        for series in standing.get(name, ()):
            if series.takes(labels):
                gauges[series].append(value)
        for series in bucketing.get(name, ()):
            if series.takes(labels):
                edge = float(labels[EDGE])
                buckets = histograms[series]
                buckets[edge] = buckets.get(edge, 0.0) + value
    return Reading(
        counters,
        {series: tuple(sorted(buckets.items())) for series, buckets in histograms.items()},
        {series: tuple(found) for series, found in gauges.items()},
    )


def by_name(wanted: Iterable[Selector], suffix: str = "") -> dict[str, list[Selector]]:
    """Series by the name of their samples."""
    found: dict[str, list[Selector]] = {}
    for series in wanted:
        found.setdefault(series.metric + suffix, []).append(series)
    return found


def samples_of(metrics: Iterable[Metric]) -> Iterable[tuple[str, Mapping[str, str], float]]:
    """Samples by name, labels and value."""
    for metric in metrics:
        for sample in metric.samples:
            yield sample.name, sample.labels, sample.value
