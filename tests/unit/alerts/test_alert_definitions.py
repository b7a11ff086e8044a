"""The alerts of slo.yaml: that they are those asked for, and that a mistake is told with its place."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from prometheus_client import REGISTRY

from chassis.edges import HOOK_EDGES_S
from chassis.measures import Quantile
from chassis.service_levels import MILLISECONDS, levels, parsed
from chassis.strict_document import BadDocument
from host.alerts.definitions import Absent, Bounded, Burning, Gauge, Increase, RecentQuantile, alerts, read_alerts
from host.alerts.readings import wanted_by
from host.catalog import every_service
from host.process import Process

SHARE = {"share": {"route": ["live"]}, "among": {"metric": "spark_decisions_total"}}
BURN = {"title": "T", "burn": "lvl", "do": "D"}
LEVEL = {"title": "T", "measured": "M", "at_most": 0.1, "unit": "share", "window": "3d", "least": 20, "measure": SHARE}
RATES = [{"factor": 6, "long": "6h", "short": "30m", "severity": "page"}]
GAUGE = {"gauge": {"metric": "spark_spend_usd"}, "fold": "max"}
SPEND = {"title": "T", "severity": "page", "value": GAUGE, "above": 1, "unit": "usd", "do": "D"}


def read(alert: object, name: str = "x", rates: object = RATES) -> None:
    read_alerts(parsed(yaml.safe_dump({"levels": {"lvl": LEVEL}, "burn_rates": rates, "alerts": {name: alert}})))


def test_the_four_of_the_seed_are_as_it_has_them() -> None:
    found = {
        name: (rule.when.threshold.above, rule.when.threshold.bound, rule.hold)
        for name in ("gpu-idle", "agent0-slow", "spend", "queue")
        for rule in alerts()[name].rules
        if isinstance(rule.when, Bounded)
    }
    none = timedelta()
    assert found == {
        "gpu-idle": (False, 0.2, timedelta(minutes=3)),
        "agent0-slow": (True, 0.4, none),
        "spend": (True, 0.5, none),
        "queue": (True, 1000, none),
    }


def test_every_level_is_guarded_by_an_alert() -> None:
    assert {alert.level.name for alert in alerts().values() if alert.level} == set(levels())


def test_every_burn_rate_can_be_reached() -> None:
    shares = [
        rate.share(rule.when.level)
        for alert in alerts().values()
        for rule in alert.rules
        if isinstance(rule.when, Burning)
        for rate in rule.when.rates
    ]
    assert shares
    assert all(0 < share < 1 for share in shares)


def test_every_series_that_is_asked_for_is_one_that_spark_has() -> None:
    assert every_service()
    assert Process  # Who carries the services has all of their metrics, and some of its own.
    known = {
        name: metric.type for metric in REGISTRY.collect() for name in (metric.name, *(s.name for s in metric.samples))
    }
    wanted = wanted_by(alerts().values())
    assert {series.metric: known.get(series.metric.removesuffix("_total")) for series in wanted.counters} == {
        series.metric: "counter" for series in wanted.counters
    }
    assert {series.metric: known.get(series.metric) for series in wanted.gauges} == {
        series.metric: "gauge" for series in wanted.gauges
    }
    assert {series.metric: known.get(series.metric) for series in wanted.histograms} == {
        series.metric: "histogram" for series in wanted.histograms
    }


def test_every_level_in_milliseconds_stands_on_an_edge_of_its_histogram() -> None:
    of_hooks = [level for level in levels().values() if isinstance(level.measure, Quantile)]
    assert {level.measure.among.metric for level in of_hooks if level.measure} == {"spark_hook_request_seconds"}
    assert {level.level / MILLISECONDS for level in of_hooks} <= set(HOOK_EDGES_S)


def test_every_value_is_of_a_kind_that_both_can_work_out() -> None:
    kinds = {
        type(rule.when.threshold.value)
        for alert in alerts().values()
        for rule in alert.rules
        if isinstance(rule.when, Bounded)
    }
    assert kinds == {Gauge, Increase, RecentQuantile, Absent}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"color": 1}, "slo.yaml.alerts.x: unknown color"),
        ({"severity": "urgent"}, "'urgent' is none of page, ticket"),
        ({"above": None, "below": None}, "expected one of above, below"),
        ({"unit": "euro"}, "'euro' is none of"),
        ({"for": "1"}, "no time like"),
        ({"value": {**GAUGE, "fold": "mean"}}, "'mean' is none of max, min, sum"),
        (
            {"value": {"gauge": {"metric": "node_load1"}, "fold": "max"}},
            "value.gauge.metric: 'node_load1' does not fit",
        ),
        ({"value": {"increase": {"metric": "spark_x_total"}}}, "value.over: expected text"),
        ({"value": {"absent": "spark"}}, "what is absent has no bound"),
        ({"level": "speed"}, "there is no level speed; there are: lvl"),
        ({"while": {"value": GAUGE}}, "x.while: expected one of above, below"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: dict[str, object], told: str) -> None:
    alert = {key: value for key, value in {**SPEND, **change}.items() if value is not None}
    with pytest.raises(BadDocument) as caught:
        read(alert)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("alert", "rates", "told"),
    [
        ({**BURN, "burn": "no"}, RATES, "there is no level no"),
        ({**BURN, "above": 1}, RATES, "unknown above"),
        (BURN, [{**RATES[0], "factor": 14.4}], "no budget that could burn"),
        (
            {"title": "T", "burn": "lvl", "do": "D"},
            [{**RATES[0], "short": "6h"}],
            "burn_rates[0].short: must be shorter",
        ),
        (BURN, {"factor": 1}, "burn_rates: expected a list"),
    ],
)
def test_a_burn_rate_that_cannot_be_is_refused(alert: object, rates: object, told: str) -> None:
    with pytest.raises(BadDocument) as caught:
        read(alert, rates=rates)
    assert told in str(caught.value)


def test_a_name_is_one_that_can_name_a_file() -> None:
    with pytest.raises(BadDocument, match="lower-case words"):
        read(SPEND, name="../x")
