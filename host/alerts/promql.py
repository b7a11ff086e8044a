"""What slo.yaml describes, in PromQL."""

from __future__ import annotations

import re
from datetime import timedelta

from chassis.measures import Condition, Quantile, Selector
from chassis.service_levels import MILLISECONDS, Level
from host.alerts.definitions import Absent, Bounded, Burning, BurnRate, Gauge, Increase, RecentQuantile, Threshold

SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def expression(when: Bounded | Burning) -> str:
    """The condition of a rule; its value is the one compared, or the share of misses in the longest span."""
    if isinstance(when, Burning):
        return " or ".join(f"({burning(when.level, rate)})" for rate in when.rates)
    passed = compared(when.threshold)
    return passed if when.meanwhile is None else f"({passed}) and on() ({compared(when.meanwhile)})"


def compared(threshold: Threshold) -> str:
    """A value on the wrong side of its bound."""
    if isinstance(threshold.value, Absent):
        return value_of(threshold.value)
    return f"{value_of(threshold.value)} {'>' if threshold.above else '<'} {number(threshold.bound)}"


def value_of(value: Gauge | Increase | RecentQuantile | Absent) -> str:
    """A value as such."""
    match value:
        case Gauge():
            return f"{value.fold}({selected(value.series)})"
        case Increase():
            return f"sum(increase({selected(value.series)}[{span(value.over)}]))"
        case RecentQuantile():
            count = increase(suffixed(value.quantile.among, "_count"), value.over)
            return f"({quantile(value.quantile, value.over)} and {count} >= {value.least})"
        case Absent():
            up = f'up{{job="{value.job}"}}'
            # Both have a value where they hold: the number of processes that are down, or 1.
            return f"(count({up} == 0) or absent({up}))"


def quantile(measure: Quantile, over: timedelta) -> str:
    """A quantile of what came in a span."""
    buckets = f"sum by (le) (rate({selected(suffixed(measure.among, '_bucket'))}[{span(over)}]))"
    return f"histogram_quantile({number(measure.q)}, {buckets})"


def burning(level: Level, rate: BurnRate) -> str:
    """Whether a budget burns too fast in both spans, by recorded series, with enough events in the long one."""
    bound = number(rate.share(level))
    here = f'{{level="{level.name}"}}'
    both = " and ".join(f"{missed_name(over)}{here} > {bound}" for over in (rate.long, rate.short))
    return f"{both} and {judged_name(rate.long)}{here} >= {level.least}"


def missed(level: Level, over: timedelta) -> str:
    """The share of events of a span that miss a level; nothing where there were none."""
    measure = level.measure
    assert measure is not None
    if isinstance(measure, Quantile):
        kept = suffixed(measure.among, "_bucket", Condition("le", (edge(level),)))
        return f"1 - {increase(kept, over)} / {judged(level, over)}"
    # Where nothing was ever chosen there is no such series; where nothing was judged, there is no answer.
    chosen = f"({increase(measure.chosen, over)} or vector(0)) / {judged(level, over)}"
    return f"1 - {chosen}" if level.at_least else chosen


def judged(level: Level, over: timedelta) -> str:
    """The events of a span that a level judges."""
    measure = level.measure
    assert measure is not None
    among = suffixed(measure.among, "_count") if isinstance(measure, Quantile) else measure.among
    return increase(among, over)


def edge(level: Level) -> str:
    """The edge of a histogram's bucket at a level, as the client library writes it."""
    return repr(level.level / MILLISECONDS)


def increase(series: Selector, over: timedelta) -> str:
    """By how much series grew together."""
    return f"sum(increase({selected(series)}[{span(over)}]))"


def missed_name(over: timedelta) -> str:
    """Name of the recorded share of misses."""
    return f"spark:missed:ratio_increase{span(over)}"


def judged_name(over: timedelta) -> str:
    """Name of the recorded number of events judged."""
    return f"spark:judged:increase{span(over)}"


def suffixed(series: Selector, suffix: str, *further: Condition) -> Selector:
    """The series of a histogram that end so."""
    return Selector(series.metric + suffix, (*series.where, *further))


def selected(series: Selector) -> str:
    """A selector."""
    conditions = ",".join(condition(each) for each in series.where)
    return f"{series.metric}{{{conditions}}}" if conditions else series.metric


def condition(one: Condition) -> str:
    """A condition on a label."""
    if len(one.values) == 1 and not one.values[0].endswith("*"):
        return f"{one.label}{'!=' if one.negated else '='}{quoted(one.values[0])}"
    return f"{one.label}{'!~' if one.negated else '=~'}{quoted('|'.join(map(pattern, one.values)))}"


def pattern(value: str) -> str:
    """A value as a regular expression of RE2, which holds from the beginning to the end."""
    begins, star = (value[:-1], ".*") if value.endswith("*") else (value, "")
    return SPECIAL.sub(r"\\\g<0>", begins) + star


def quoted(text: str) -> str:
    """A string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = int(length.total_seconds())
    return next(f"{seconds // size}{unit}" for unit, size in UNITS if seconds % size == 0)


def number(value: float) -> str:
    """A number without the noise of binary fractions."""
    return f"{value:.12g}"
