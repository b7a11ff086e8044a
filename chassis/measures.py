"""What is measured of a process's metrics, described so that PromQL can be written for it and the process itself can
work it out: both from the same description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.strict_document import BadDocument, Part

METRIC = re.compile(r"spark_[a-z0-9_]+|up")
LABEL = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a label must be, or must not. A value that ends in `*` stands for all that begin so."""

    label: str
    values: tuple[str, ...]
    negated: bool = False

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds for a series; a label that is not there counts as empty."""
        value = labels.get(self.label, "")
        return any(fits(pattern, value) for pattern in self.values) is not self.negated


@dataclass(frozen=True, slots=True)
class Selector:
    """Series of a metric. Of a histogram it is the bare name."""

    metric: str
    where: tuple[Condition, ...] = ()

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of the metric belongs to it."""
        return all(condition.holds(labels) for condition in self.where)


@dataclass(frozen=True, slots=True)
class Share:
    """The share of events that fulfil further conditions, 0 to 1."""

    among: Selector
    conditions: tuple[Condition, ...]

    @property
    def chosen(self) -> Selector:
        """Those that fulfil them."""
        return Selector(self.among.metric, (*self.among.where, *self.conditions))


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a histogram, in the histogram's unit."""

    q: float
    among: Selector


def fits(pattern: str, value: str) -> bool:
    """Whether a value is the one named, or begins as it does where a `*` ends it."""
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def read_measure(part: Part) -> Share | Quantile:
    """A share or a quantile.

    Raises:
        BadDocument: when it is neither.
    """
    among = read_selector(part.only("share", "quantile", "among").part("among"))
    if part.one_of("share", "quantile") == "share":
        conditions = read_conditions(part.part("share"))
        if not conditions:
            raise BadDocument(f"{part.at('share')}: expected a condition")
        return Share(among, conditions)
    return Quantile(part.number("quantile", 0.01, 0.999), among)


def read_selector(part: Part) -> Selector:
    """Series of a metric.

    Raises:
        BadDocument: when a name is none.
    """
    part.only("metric", "where")
    where = read_conditions(part.part("where")) if "where" in part else ()
    return Selector(part.text("metric", METRIC), where)


def read_conditions(part: Part) -> tuple[Condition, ...]:
    """Conditions on labels: a value, a list of values, or `not` with either."""
    return tuple(read_condition(part, label) for label in part.keys)


def read_condition(part: Part, label: str) -> Condition:
    """One of them.

    Raises:
        BadDocument: when it is none.
    """
    if not LABEL.fullmatch(label):
        raise BadDocument(f"{part.at(label)}: {label!r} is no name of a label")
    if part.is_part(label):
        return Condition(label, part.part(label).only("not").texts("not"), negated=True)
    return Condition(label, part.texts(label))
