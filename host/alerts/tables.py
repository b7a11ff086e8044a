"""The levels and alerts of slo.yaml as the rows of docs/service-levels.md, so that a test can hold the page to them."""

from __future__ import annotations

from chassis.service_levels import Level
from host.alerts.definitions import Alert, Bounded, Burning, Rule
from host.alerts.messages import what_is_right
from host.alerts.promql import number, span
from host.alerts.wording import in_words


def level_row(level: Level) -> str:
    """A level."""
    bound = f"{level.level:,g} ms" if level.unit == "ms" else in_words(level.level, "share")
    sign = "≥" if level.at_least else "≤"
    source = "metrics" if level.measure is not None else "store"
    return f"| `{level.name}` | {level.title} | {level.measured} | {sign} {bound} | {source} |"


def alert_row(alert: Alert) -> str:
    """An alert."""
    grave = " and ".join(rule.severity for rule in alert.rules)
    page = f"[{alert.name}](runbooks/{alert.name}.md)"
    return f"| {page} | {alert.title} | {what_is_right(alert)} | {when(alert)} | {grave} |"


def when(alert: Alert) -> str:
    """For how long it must hold, or how fast a budget must burn."""
    return ", ".join(when_of(rule) for rule in alert.rules)


def when_of(rule: Rule) -> str:
    """The same of one of its rules."""
    if isinstance(rule.when, Burning):
        return ", ".join(
            f"{number(rate.factor)}× in {span(rate.long)} and {span(rate.short)}" for rate in rule.when.rates
        )
    assert isinstance(rule.when, Bounded)
    return f"for {span(rule.hold)}" if rule.hold else "at once"
