"""Prometheus rules: shares of misses are recorded per level and span, and each alert has a rule per severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import yaml

from chassis.service_levels import Level
from host.alerts.definitions import Alert, Burning, Rule
from host.alerts.promql import expression, judged, judged_name, missed, missed_name, span
from host.alerts.wording import burnt, compared

HEADER = "# Written by `spark alerts rules` from chassis/slo.yaml: change that, not this.\n"

TEMPLATES = {
    "share": "humanizePercentage",
    "s": "humanizeDuration",
    "usd": 'printf "$%.2f"',
    "count": "humanize",
    "bytes": "humanize1024",
}
"""How Prometheus writes a value of a unit."""

Document = dict[str, object]


def recording(alerts: Mapping[str, Alert]) -> str:
    """The rules that record how levels were missed, as a file."""
    groups = [recorded(level, spans) for level, spans in burning_levels(alerts.values()).items()]
    return written({"groups": groups})


def alerting(alerts: Mapping[str, Alert]) -> str:
    """The rules that fire, as a file."""
    rules = [firing(alert, rule) for alert in alerts.values() for rule in alert.rules]
    return written({"groups": [{"name": "spark-alerts", "rules": rules}]})


def burning_levels(alerts: Iterable[Alert]) -> dict[Level, list[timedelta]]:
    """The levels whose budget is watched, with the spans in which it is, the shortest first."""
    found: dict[Level, set[timedelta]] = {}
    for alert in alerts:
        for rule in alert.rules:
            if isinstance(rule.when, Burning):
                spans = (over for rate in rule.when.rates for over in (rate.short, rate.long))
                found.setdefault(rule.when.level, set()).update(spans)
    return {level: sorted(spans) for level, spans in found.items()}


def recorded(level: Level, spans: Iterable[timedelta]) -> Document:
    """A group that records one level."""
    rules: list[Document] = []
    for over in spans:
        labels = {"level": level.name}
        rules.append({"record": missed_name(over), "expr": missed(level, over), "labels": labels})
        rules.append({"record": judged_name(over), "expr": judged(level, over), "labels": dict(labels)})
    return {"name": f"spark-level-{level.name}", "rules": rules}


def firing(alert: Alert, rule: Rule) -> Document:
    """A rule that fires."""
    held: Document = {"for": span(rule.hold)} if rule.hold else {}
    return {
        "alert": prometheus_name(alert.name),
        "expr": expression(rule.when),
        **held,
        "labels": {"severity": rule.severity, "alert": alert.name},
        "annotations": {
            "summary": alert.title,
            "description": f"{described(alert, rule)} {alert.do}",
            "runbook": alert.runbook,
        },
    }


def described(alert: Alert, rule: Rule) -> str:
    """The value that it fired at and the bound, the value in words of Prometheus' templates."""
    shown = f"{{{{ $value | {TEMPLATES[alert.unit]} }}}}"
    if isinstance(rule.when, Burning):
        return burnt(rule.when.level, shown)
    return compared(rule.when.threshold, alert.unit, shown)


def prometheus_name(name: str) -> str:
    """An alert's name as Prometheus' own are written."""
    return "Spark" + "".join(word.capitalize() for word in name.split("-"))


def written(document: Document) -> str:
    """A document as a file."""
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)
