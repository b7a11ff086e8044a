"""Works out in the process what the Prometheus rules say of the same metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from chassis.figures import quantile, total
from chassis.measures import Quantile
from chassis.service_levels import MILLISECONDS, Level
from host.alerts.definitions import (
    Absent,
    Bounded,
    Burning,
    BurnRate,
    Gauge,
    Increase,
    RecentQuantile,
    Threshold,
    Value,
)
from host.alerts.history import History

FOLDS = {"max": max, "min": min, "sum": sum}


@dataclass(frozen=True, slots=True)
class Finding:
    """The value of a condition, None where there is none, and whether it holds."""

    value: float | None
    holds: bool


def find(when: Bounded | Burning, history: History) -> Finding:
    """How a condition stands at the newest reading."""
    if isinstance(when, Bounded):
        finding = compare(when.threshold, history)
        meanwhile = when.meanwhile is None or compare(when.meanwhile, history).holds
        return Finding(finding.value, finding.holds and meanwhile)
    for rate in when.rates:
        value = burning(when.level, rate, history)
        if value is not None:
            return Finding(value, holds=True)
    return Finding(missed(when.level, when.rates[0].short, history), holds=False)


def compare(threshold: Threshold, history: History) -> Finding:
    """A value and its bound."""
    value = value_of(threshold.value, history)
    if value is None:
        return Finding(None, holds=False)
    return Finding(value, value > threshold.bound if threshold.above else value < threshold.bound)


def value_of(value: Value, history: History) -> float | None:
    """A value; None where there is nothing to make it of."""
    match value:
        case Gauge():
            found = [each for each in history.latest.gauges.get(value.series, ()) if not math.isnan(each)]
            return float(FOLDS[value.fold](found)) if found else None
        case Increase():
            return history.increase(value.series, value.over)
        case RecentQuantile():
            buckets = history.buckets(value.quantile.among, value.over)
            return quantile(value.quantile.q, buckets) if total(buckets) >= value.least else None
        case Absent():
            return None


def burning(level: Level, rate: BurnRate, history: History) -> float | None:
    """The share of misses in the long span, where the budget burns too fast in both; else None."""
    bound = rate.share(level)
    long, short = (missed(level, over, history) for over in (rate.long, rate.short))
    if long is None or short is None or judged(level, rate.long, history) < level.least:
        return None
    return long if long > bound and short > bound else None


def missed(level: Level, over: timedelta, history: History) -> float | None:
    """The share of events of a span that miss a level; None where there were none."""
    of = judged(level, over, history)
    measure = level.measure
    if not of or measure is None:
        return None
    if isinstance(measure, Quantile):
        edge = level.level / MILLISECONDS
        kept = dict(history.buckets(measure.among, over)).get(edge)
        # Without a bucket that ends at the level nobody can tell.
        return None if kept is None else 1 - kept / of
    chosen = history.increase(measure.chosen, over) / of
    return 1 - chosen if level.at_least else chosen


def judged(level: Level, over: timedelta, history: History) -> float:
    """The events of a span that a level judges."""
    measure = level.measure
    if measure is None:
        return 0.0
    if isinstance(measure, Quantile):
        return total(history.buckets(measure.among, over))
    return history.increase(measure.among, over)
