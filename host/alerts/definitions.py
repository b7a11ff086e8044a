"""The alerts that slo.yaml defines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Literal, cast

from chassis.measures import Quantile, Selector, read_selector
from chassis.service_levels import Level, document, levels, read_levels
from chassis.strict_document import BadDocument, Part

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
UNITS = ("share", "s", "usd", "count", "bytes")
RUNBOOKS = "docs/runbooks"
LARGEST = 1e15

Severity = Literal["page", "ticket"]
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")
"""The graver one first."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """The latest value of series, several of them as one."""

    series: Selector
    fold: str
    """`max`, `min` or `sum`."""


@dataclass(frozen=True, slots=True)
class Increase:
    """By how much counters grew in a span."""

    series: Selector
    over: timedelta


@dataclass(frozen=True, slots=True)
class RecentQuantile:
    """A quantile of what a histogram took in within a span; without so many there is none."""

    quantile: Quantile
    over: timedelta
    least: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Whether nothing of a scraped job is up: 1 then, else nothing. Who is absent cannot tell."""

    job: str


Value = Gauge | Increase | RecentQuantile | Absent


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value on the wrong side of a bound."""

    value: Value
    above: bool
    bound: float


@dataclass(frozen=True, slots=True)
class Bounded:
    """A threshold that is passed, and a further one where it counts only while that is passed too."""

    threshold: Threshold
    meanwhile: Threshold | None = None


@dataclass(frozen=True, slots=True)
class BurnRate:
    """Two spans in both of which a budget burns so many times as fast as it may."""

    factor: float
    long: timedelta
    short: timedelta
    severity: Severity

    def share(self, level: Level) -> float:
        """The share of events that miss the level from which on it burns so fast."""
        return self.factor * level.budget


@dataclass(frozen=True, slots=True)
class Burning:
    """A level's budget that burns too fast in one of these pairs of spans."""

    level: Level
    rates: tuple[BurnRate, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alert fires, how gravely, and how long it must hold before that."""

    severity: Severity
    when: Bounded | Burning
    hold: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to be told of."""

    name: str
    title: str
    do: str
    """The first thing to do."""
    unit: str
    rules: tuple[Rule, ...]
    level: Level | None = None
    """The service level that it guards."""

    @property
    def runbook(self) -> str:
        """Its page, in the repository."""
        return f"{RUNBOOKS}/{self.name}.md"

    @property
    def seen_here(self) -> bool:
        """Whether a process can see it in its own metrics."""
        return not any(isinstance(rule.when, Bounded) and absent(rule.when.threshold) for rule in self.rules)


def absent(threshold: Threshold) -> bool:
    """Whether it asks for what is not there."""
    return isinstance(threshold.value, Absent)


@cache
def alerts() -> Mapping[str, Alert]:
    """The alerts by name.

    Raises:
        BadDocument: when they are not what they must be.
    """
    return read_alerts(document(), levels())


def read_alerts(whole: Part, known: Mapping[str, Level] | None = None) -> dict[str, Alert]:
    """The alerts of a document; its own levels where none are given.

    Raises:
        BadDocument: when they are not what they must be.
    """
    held = known if known is not None else read_levels(whole)
    rates = [read_burn_rate(part) for part in whole.parts("burn_rates")]
    return whole.part("alerts").each(lambda name, part: read_alert(name, part, held, rates))


def read_burn_rate(part: Part) -> BurnRate:
    """One pair of spans.

    Raises:
        BadDocument: when it is none.
    """
    part.only("factor", "long", "short", "severity")
    rate = BurnRate(part.number("factor", 1, 1000), part.span("long"), part.span("short"), read_severity(part))
    if rate.short >= rate.long:
        raise BadDocument(f"{part.at('short')}: must be shorter than the other")
    return rate


def read_alert(name: str, part: Part, known: Mapping[str, Level], rates: Sequence[BurnRate]) -> Alert:
    """One alert.

    Raises:
        BadDocument: when it is none.
    """
    if not NAME.fullmatch(name):
        raise BadDocument(f"{part.place}: a name is lower-case words with dashes")
    if part.one_of("burn", "value") == "burn":
        level = level_of(part.only("title", "burn", "do"), "burn", known)
        return Alert(name, part.text("title"), part.text("do"), "share", burning(part, level, rates), level)
    part.only("title", "severity", "value", "level", "above", "below", "unit", "for", "while", "do")
    guarded = level_of(part, "level", known) if "level" in part else None
    threshold = read_threshold(part, guarded)
    unit = "count" if absent(threshold) else part.choice("unit", *UNITS)
    hold = part.span("for") if "for" in part else timedelta()
    meanwhile = read_threshold(part.part("while").only("value", "above", "below")) if "while" in part else None
    rule = Rule(read_severity(part), Bounded(threshold, meanwhile), hold)
    return Alert(name, part.text("title"), part.text("do"), unit, (rule,), guarded)


def level_of(part: Part, key: str, known: Mapping[str, Level]) -> Level:
    """The level that is named.

    Raises:
        BadDocument: when there is none of that name.
    """
    level = known.get(part.text(key))
    if level is None:
        raise BadDocument(f"{part.at(key)}: there is no level {part.text(key)}; there are: {', '.join(known)}")
    return level


def burning(part: Part, level: Level, rates: Sequence[BurnRate]) -> tuple[Rule, ...]:
    """The rules for a level: of each severity those pairs whose speed its budget can reach.

    Raises:
        BadDocument: when its budget cannot burn, or nothing in the metrics measures it.
    """
    within = [rate for rate in rates if 0 < rate.share(level) < 1]
    if not within or level.measure is None:
        raise BadDocument(f"{part.at('burn')}: {level.name} has no budget that could burn")
    rules = (
        Rule(grave, Burning(level, tuple(rate for rate in within if rate.severity == grave))) for grave in SEVERITIES
    )
    return tuple(rule for rule in rules if isinstance(rule.when, Burning) and rule.when.rates)


def read_threshold(part: Part, level: Level | None = None) -> Threshold:
    """A value and its bound, that of its level where there is no other.

    Raises:
        BadDocument: when it is none.
    """
    value = read_value(part.part("value"))
    if isinstance(value, Absent):
        if "above" in part or "below" in part:
            raise BadDocument(f"{part.place}: what is absent has no bound")
        return Threshold(value, above=True, bound=0)
    if level is not None and "above" not in part and "below" not in part:
        return Threshold(value, not level.at_least, level.level)
    side = part.one_of("above", "below")
    return Threshold(value, side == "above", part.number(side, 0, LARGEST))


def read_value(part: Part) -> Value:
    """What is compared.

    Raises:
        BadDocument: when it is nothing that can be.
    """
    readers: dict[str, Callable[[Part], Value]] = {
        "gauge": lambda part: Gauge(
            read_selector(part.only("gauge", "fold").part("gauge")), part.choice("fold", "max", "min", "sum")
        ),
        "increase": lambda part: Increase(
            read_selector(part.only("increase", "over").part("increase")), part.span("over")
        ),
        "quantile": read_recent_quantile,
        "absent": lambda part: Absent(part.only("absent").text("absent", NAME)),
    }
    return readers[part.one_of(*readers)](part)


def read_recent_quantile(part: Part) -> RecentQuantile:
    """A quantile of a span."""
    part.only("quantile", "among", "over", "least")
    quantile = Quantile(part.number("quantile", 0.01, 0.999), read_selector(part.part("among")))
    return RecentQuantile(quantile, part.span("over"), int(part.number("least", 1, 1_000_000)))


def read_severity(part: Part) -> Severity:
    """How grave it is."""
    return cast(Severity, part.choice("severity", *SEVERITIES))
