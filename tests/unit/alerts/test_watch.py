"""The watch in the process: conditions that hold for long enough, spans, and bounded memory."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.figures import quantile
from chassis.measures import Selector
from chassis.service_levels import parsed
from host.alerts.definitions import Alert, alerts, read_alerts
from host.alerts.history import FINE, History
from host.alerts.readings import Reading
from host.alerts.watch import Watch
from tests.unit.alerts.conftest import HandClock

SECOND = timedelta(seconds=1)
LOOK = 15 * SECOND


class World:
    """A registry with a watch on some alerts of slo.yaml."""

    def __init__(self, clock: HandClock, *names: str) -> None:
        self.registry = CollectorRegistry()
        self.clock = clock
        self.watch = Watch([alerts()[name] for name in names], self.registry, clock)

    def counter(self, name: str, *labels: str) -> Counter:
        return Counter(name, "a", labels, registry=self.registry)

    def gauge(self, name: str, *labels: str) -> Gauge:
        return Gauge(name, "a", labels, registry=self.registry)

    def after(self, time: timedelta) -> list[tuple[str, str | None]]:
        """What fires once so much time has gone, looked at every 15 s."""
        end = self.clock.at + time
        while self.clock.at < end:
            self.clock.go_on(LOOK)
            self.watch.look()
        return [(each.alert.name, each.severity) for each in self.watch.firing]


def test_an_event_lost_is_told_at_once_and_over_after_its_span(clock: HandClock) -> None:
    world = World(clock, "events-lost")
    lost = world.counter("spark_events_lost", "event")
    assert world.after(timedelta(minutes=1)) == []
    lost.labels("moment").inc()
    assert world.after(LOOK) == [("events-lost", "page")]
    assert world.watch.standings["events-lost"].value == 1
    assert world.after(timedelta(minutes=9)) == [("events-lost", "page")]
    assert world.after(timedelta(minutes=2)) == []


def test_what_was_counted_before_the_first_look_counts(clock: HandClock) -> None:
    world = World(clock, "events-lost")
    world.counter("spark_events_lost", "event").labels("decision").inc()
    assert world.after(LOOK) == [("events-lost", "page")]


def test_a_condition_must_hold_for_as_long_as_it_says(clock: HandClock) -> None:
    world = World(clock, "not-ready")
    ready = world.gauge("spark_dependency_up", "dependency")
    ready.labels("postgres").set(1)
    ready.labels("nats").set(0)
    assert world.after(timedelta(seconds=60)) == []
    assert world.watch.standings["not-ready"].pending
    ready.labels("nats").set(1)
    assert world.after(LOOK) == []
    ready.labels("nats").set(0)
    assert world.after(timedelta(seconds=60)) == []
    assert world.after(LOOK) == [("not-ready", "page")]


def test_an_idle_gpu_is_right_while_nothing_is_asked_of_it(clock: HandClock) -> None:
    world = World(clock, "gpu-idle")
    generations = world.counter("spark_generations", "engine", "end")
    busy = world.gauge("spark_gpu_utilization_ratio", "gpu")
    busy.labels("0").set(0.05)
    assert world.after(timedelta(minutes=5)) == []
    for _ in range(13):
        assert world.after(LOOK) == []
        generations.labels("llama_cpp", "finished").inc()
    assert world.after(LOOK) == [("gpu-idle", "page")]
    busy.clear()
    assert world.after(LOOK) == []
    assert world.watch.standings["gpu-idle"].value is None


def test_a_level_burns_at_both_speeds(clock: HandClock) -> None:
    world = World(clock, "hook-p95")
    seconds = Histogram("spark_hook_request_seconds", "a", ["client"], registry=world.registry, buckets=(0.5, 1.2, 1.8))
    for _ in range(50):
        seconds.labels("codex").observe(1.5)
    assert world.after(LOOK) == [("hook-p95", "page")]
    for _ in range(950):
        seconds.labels("claude-code").observe(0.1)
    # 5 % of the events of the long spans are at the budget and not above it.
    assert world.after(LOOK) == []
    for _ in range(20):
        seconds.labels("codex").observe(1.5)
    assert world.after(LOOK) == [("hook-p95", "ticket")]


def test_figures_that_are_no_numbers_are_none(clock: HandClock) -> None:
    world = World(clock, "useful-share")
    world.gauge("spark_service_level", "level").labels("useful_share").set(math.nan)
    assert world.after(timedelta(hours=2)) == []


def test_an_alert_that_only_prometheus_sees_is_not_looked_at(clock: HandClock) -> None:
    world = World(clock, "process-absent")
    assert world.after(LOOK) == []
    assert world.watch.standings == {}


def test_three_days_of_looks_are_kept_in_bounded_memory(clock: HandClock) -> None:
    longest = timedelta(days=3)
    history = History(longest)
    series = Selector("spark_x_total")
    for place in range(int(timedelta(days=4) / LOOK)):
        clock.go_on(LOOK)
        history.add(clock.at, Reading({series: float(place)}))
    assert len(history) < FINE / LOOK + longest / timedelta(minutes=4)
    for over in (5 * 60, 3600, 6 * 3600, 86400, 3 * 86400):
        exact = over / LOOK.total_seconds()
        assert exact <= history.increase(series, over * SECOND) <= exact + 20


def test_a_laptop_that_sleeps_each_hour_fills_no_memory(clock: HandClock) -> None:
    history = History(timedelta(days=3))
    for place in range(20_000):
        clock.go_on(timedelta(hours=2) if place % 200 == 0 else LOOK)
        history.add(clock.at, Reading())
    assert len(history) < 2000


def test_a_clock_that_is_set_back_begins_anew(clock: HandClock) -> None:
    history = History(timedelta(hours=1))
    series = Selector("spark_x_total")
    for value in (1.0, 2.0, 3.0):
        clock.go_on(LOOK)
        history.add(clock.at, Reading({series: value}))
    clock.go_on(-timedelta(days=1))
    history.add(clock.at, Reading({series: 4.0}))
    assert (len(history), history.increase(series, timedelta(minutes=5))) == (1, 4.0)


@pytest.mark.parametrize(
    ("q", "buckets", "expected"),
    [
        (0.5, ((0.1, 0.0), (0.2, 10.0), (math.inf, 10.0)), 0.15),
        (0.95, ((0.1, 5.0), (0.4, 9.0), (math.inf, 10.0)), 0.4),
        (0.5, ((0.1, 0.0), (math.inf, 0.0)), None),
        (0.1, ((0.1, 10.0), (math.inf, 10.0)), 0.01),
    ],
)
def test_a_quantile_is_that_of_prometheus(
    q: float, buckets: tuple[tuple[float, float], ...], expected: float | None
) -> None:
    assert quantile(q, buckets) == pytest.approx(expected)


def custom(**values: object) -> Alert:
    """An alert of one's own."""
    alert = {"title": "T", "severity": "page", "unit": "count", "do": "D", **values}
    text = yaml.safe_dump({"levels": {}, "burn_rates": [], "alerts": {"own": alert}})
    return read_alerts(parsed(text))["own"]


def test_series_that_begin_alike_can_be_left_out(clock: HandClock) -> None:
    where = {"metric": "spark_hooks_total", "where": {"end": {"not": ["unusable*", "silent"]}}}
    registry = CollectorRegistry()
    watch = Watch([custom(value={"increase": where, "over": "5m"}, above=0)], registry, clock)
    hooks = Counter("spark_hooks", "a", ["end"], registry=registry)
    hooks.labels("unusable: no session").inc()
    hooks.labels("silent").inc()
    watch.look()
    assert watch.standings["own"].value == 0
    hooks.labels("late").inc(2)
    clock.go_on(LOOK)
    watch.look()
    assert watch.standings["own"].value == 2
