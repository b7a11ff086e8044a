"""What a message about an alert says: what is wrong, at which value, since when, and what to do."""

from __future__ import annotations

from datetime import datetime

from host.alerts.definitions import Alert, Burning
from host.alerts.watch import Standing
from host.alerts.wording import burnt, compared, in_words, right


def fires(standing: Standing, machine: str) -> str:
    """That an alert fires."""
    alert, rule = standing.alert, standing.rule
    assert rule is not None
    assert standing.firing_since is not None
    return "\n".join(
        (
            f"[{rule.severity}] Spark on {machine}: {alert.title}",
            f"{value_beside_bound(standing)} Since {clock_time(standing.firing_since)}.",
            f"To do: {alert.do}",
            f"Runbook: {alert.runbook}",
        )
    )


def is_over(standing: Standing, began: datetime, now: datetime, machine: str) -> str:
    """That it fires no more."""
    minutes = max(1, round((now - began).total_seconds() / 60))
    value = "" if standing.value is None else f" It is at {in_words(standing.value, standing.alert.unit)}."
    return f"[resolved] Spark on {machine}: {standing.alert.title}\nOver after {minutes} min.{value}"


def value_beside_bound(standing: Standing) -> str:
    """The value that an alert compares, with what it should be."""
    alert = standing.alert
    rule = standing.rule or alert.rules[0]
    shown = "an unknown value" if standing.value is None else in_words(standing.value, alert.unit)
    if isinstance(rule.when, Burning):
        return burnt(rule.when.level, shown)
    return compared(rule.when.threshold, alert.unit, shown)


def what_is_right(alert: Alert) -> str:
    """The bound of an alert."""
    when = alert.rules[0].when
    if isinstance(when, Burning):
        return f"at most {in_words(when.level.budget, 'share')} may miss the level"
    return right(when.threshold, alert.unit)


def clock_time(moment: datetime) -> str:
    """A time for readers anywhere."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
