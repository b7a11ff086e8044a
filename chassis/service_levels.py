"""The service levels that Spark is held to, read from slo.yaml: one source for the scorecard, the alerts and the
dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

import yaml
from prometheus_client import Gauge

from chassis.measures import Quantile, Share, read_measure
from chassis.strict_document import BadDocument, Part

SECTIONS = ("levels", "burn_rates", "alerts")
MILLISECONDS = 1000.0

STANDS = Gauge(
    "spark_service_level",
    "Where a level stood over the last day: a share from 0 to 1, or milliseconds; absent where too little was seen",
    ["level"],
)


@dataclass(frozen=True, slots=True)
class Level:
    """One level, and how far it is kept."""

    name: str
    title: str
    measured: str
    """What is measured, in words."""
    level: float
    """A share from 0 to 1, or milliseconds."""
    at_least: bool
    """Whether the level is the least allowed; else it is the most."""
    unit: str
    """`share` or `ms`."""
    window: timedelta
    """For which it holds."""
    least: int
    """Events below which a span says nothing."""
    measure: Share | Quantile | None
    """Where the figure comes from among the metrics; None where only the telemetry service's store has it."""

    @property
    def budget(self) -> float:
        """The share of events that may miss the level, 0 to 1."""
        if isinstance(self.measure, Quantile):
            return 1 - self.measure.q
        return 1 - self.level if self.at_least else self.level

    def met(self, value: float) -> bool:
        """Whether a figure keeps the level."""
        return value >= self.level if self.at_least else value <= self.level


@cache
def document() -> Part:
    """The whole of slo.yaml.

    Raises:
        BadDocument: when it cannot be read, or holds a section that there is not.
    """
    return parsed(files("chassis").joinpath("slo.yaml").read_text(encoding="utf-8"))


@cache
def levels() -> Mapping[str, Level]:
    """The levels by name, in the order of the scorecard.

    Raises:
        BadDocument: when they are not what they must be.
    """
    return read_levels(document())


def show(figures: Mapping[str, float | None]) -> None:
    """Puts into the metrics where levels stand; None takes out one of which too little was seen.

    Alerts on levels without a measure of their own look here.
    """
    STANDS.clear()
    for name, figure in figures.items():
        if figure is not None:
            STANDS.labels(name).set(figure)


def parsed(text: str) -> Part:
    """A document as text.

    Raises:
        BadDocument: when it is no YAML, or holds a section that there is not.
    """
    try:
        content: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadDocument(f"slo.yaml is no YAML: {error}") from error
    return Part("slo.yaml", content).only(*SECTIONS)


def read_levels(whole: Part) -> dict[str, Level]:
    """The levels of a document.

    Raises:
        BadDocument: when they are not what they must be.
    """
    return whole.part("levels").each(read_level)


def read_level(name: str, part: Part) -> Level:
    """One level.

    Raises:
        BadDocument: when it is none, or its measure has another unit.
    """
    part.only("title", "measured", "at_most", "at_least", "unit", "window", "least", "measure")
    bound = part.one_of("at_most", "at_least")
    unit = part.choice("unit", "share", "ms")
    measure = read_measure(part.part("measure")) if "measure" in part else None
    if measure is not None and isinstance(measure, Quantile) is not (unit == "ms"):
        raise BadDocument(f"{part.at('measure')}: does not measure {unit}")
    return Level(
        name=name,
        title=part.text("title"),
        measured=part.text("measured"),
        level=part.number(bound, 0, 1 if unit == "share" else 60 * MILLISECONDS),
        at_least=bound == "at_least",
        unit=unit,
        window=part.span("window"),
        least=int(part.number("least", 1, 1_000_000)),
        measure=measure,
    )
