"""Values and bounds in words, the same for Prometheus, for messages and for the command."""

from __future__ import annotations

from chassis.service_levels import Level
from host.alerts.definitions import Absent, Threshold

MEBIBYTE = 1 << 20


def in_words(value: float, unit: str) -> str:
    """A value with its unit."""
    match unit:
        case "share":
            return f"{100 * value:.3g} %"
        case "s":
            return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.3g} s"
        case "usd":
            return f"${value:.2f}"
        case "bytes":
            return f"{value / MEBIBYTE:,.0f} MiB"
        case _:
            return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def compared(threshold: Threshold, unit: str, value: str) -> str:
    """A value beside its bound."""
    if isinstance(threshold.value, Absent):
        return "No process answers, or not all of them do."
    return f"It is at {value}; {right(threshold, unit)}."


def right(threshold: Threshold, unit: str) -> str:
    """Which values are right."""
    if isinstance(threshold.value, Absent):
        return "all processes answer Prometheus"
    bound = in_words(threshold.bound, unit)
    if not threshold.above:
        return f"at least {bound} is right"
    return f"at most {bound} is right" if threshold.bound else "0 is right"


def burnt(level: Level, missed: str) -> str:
    """A share of misses beside the level."""
    bound = f"{level.level:g} ms" if level.unit == "ms" else in_words(level.level, level.unit)
    kept = f"{'at least' if level.at_least else 'at most'} {bound}"
    return f"{missed} of the events miss it, {in_words(level.budget, 'share')} may ({level.title}: {kept})."
