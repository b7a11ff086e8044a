"""Which alerts fire now, by what this process counts itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, Histogram

from chassis.clock import Clock
from host.alerts.definitions import Alert, Bounded, Burning, Increase, RecentQuantile, Rule, Severity
from host.alerts.evaluation import find
from host.alerts.history import History
from host.alerts.readings import read, wanted_by

FIRING = Gauge("spark_alert_firing", "1 while an alert of this process fires", ["alert"])
VALUE = Gauge("spark_alert_value", "The value that an alert compares, in its unit; NaN where there is none", ["alert"])
LOOK_SECONDS = Histogram(
    "spark_alert_look_seconds", "Time of one look at all alerts", buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an alert stands."""

    alert: Alert
    value: float | None
    """What it compares: for a level the share of misses, in the shortest span where it does not fire; None where there
    is nothing yet."""
    firing_since: datetime | None = None
    rule: Rule | None = None
    """The gravest of those that fire."""
    pending: bool = False
    """Whether a condition holds that must hold for longer."""

    @property
    def severity(self) -> Severity | None:
        """How grave it is; None where it does not fire."""
        return self.rule.severity if self.rule else None


class Watch:
    """Looks at the alerts whenever it is told to."""

    def __init__(self, alerts: Iterable[Alert], registry: CollectorRegistry, clock: Clock) -> None:
        self._alerts = [alert for alert in alerts if alert.seen_here]
        self._registry = registry
        self._clock = clock
        self._wanted = wanted_by(self._alerts)
        self._history = History(longest_of(self._alerts))
        self._holding: dict[tuple[str, int], datetime] = {}
        self._firing: dict[str, datetime] = {}
        self.standings: Mapping[str, Standing] = {}
        """How each alert stood at the last look."""

    @property
    def firing(self) -> list[Standing]:
        """The alerts that fire now."""
        return [standing for standing in self.standings.values() if standing.firing_since]

    def look(self) -> None:
        """Reads the metrics and says anew how each alert stands."""
        started = time.perf_counter()
        now = self._clock.now()
        self._history.add(now, read(self._registry, self._wanted))
        self.standings = {alert.name: self._stand(alert, now) for alert in self._alerts}
        for name, standing in self.standings.items():
            FIRING.labels(name).set(standing.firing_since is not None)
            # NaN is how Prometheus writes that there is no figure.
            VALUE.labels(name).set(float("nan") if standing.value is None else standing.value)
        LOOK_SECONDS.observe(time.perf_counter() - started)

    def _stand(self, alert: Alert, now: datetime) -> Standing:
        held: Rule | None = None
        value: float | None = None
        pending = False
        for place, rule in enumerate(alert.rules):
            finding = find(rule.when, self._history)
            began = self._began(alert.name, place, now, holds=finding.holds)
            fires = began is not None and now - began >= rule.hold
            pending = pending or (finding.holds and not fires)
            if fires and held is None:
                held, value = rule, finding.value
            elif held is None and value is None:
                value = finding.value
        if held is None:
            self._firing.pop(alert.name, None)
            return Standing(alert, value, pending=pending)
        return Standing(alert, value, self._firing.setdefault(alert.name, now), held)

    def _began(self, name: str, place: int, now: datetime, *, holds: bool) -> datetime | None:
        """Since when a rule's condition holds."""
        if not holds:
            self._holding.pop((name, place), None)
            return None
        return self._holding.setdefault((name, place), now)


def longest_of(alerts: Iterable[Alert]) -> timedelta:
    """The longest span that an alert looks back."""
    return max((span for alert in alerts for rule in alert.rules for span in spans_of(rule)), default=timedelta())


def spans_of(rule: Rule) -> Iterable[timedelta]:
    """The spans that a rule looks back."""
    match rule.when:
        case Burning():
            yield from (rate.long for rate in rule.when.rates)
        case Bounded():
            for threshold in (rule.when.threshold, rule.when.meanwhile):
                if threshold is not None and isinstance(threshold.value, Increase | RecentQuantile):
                    yield threshold.value.over
