"""Every name in metrics, traces and logs is listed, keeps the rules, and is there."""

from __future__ import annotations

import importlib

import pytest
from prometheus_client import REGISTRY

from chassis.edges import HOOK_EDGES_S
from host.production import METRICS
from host.telemetry_names import DOCUMENT, Names, Unreadable, all_names, broken_rules, document, names_in

HOOK_LEVELS = (0.25, 0.4, 1.2, 1.8)
"""A hook's deadline and the service levels of the first call of a tool, of 95 and of 99 hooks in 100, seconds."""


@pytest.fixture(scope="module")
def names() -> Names:
    return all_names()


def test_the_document_tells_of_all(names: Names) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(names), "names have changed: run `make names`"


def test_no_name_breaks_a_rule(names: Names) -> None:
    assert broken_rules(names) == []


def test_a_process_has_these_metrics_and_no_others(names: Names) -> None:
    importlib.import_module("host.catalog")
    for metric in names.metrics:
        importlib.import_module(metric.where.removesuffix(".py").replace("/", "."))
    families = {family.name: family for family in REGISTRY.collect() if family.name.startswith("spark_")}
    listed = {metric.name: metric for metric in names.metrics}
    assert {name: (family.type, family.documentation) for name, family in families.items()} == {
        name: (metric.kind, metric.says) for name, metric in listed.items()
    }
    for name, family in families.items():
        used = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert used <= set(listed[name].labels), name
    assert {name for name in METRICS if name.startswith("spark_")} <= set(listed)


def test_levels_of_hooks_are_edges() -> None:
    assert set(HOOK_LEVELS) <= set(HOOK_EDGES_S)


METRIC = "from prometheus_client import Counter, Gauge, Histogram\nX = {}\n"


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        (METRIC.format('Counter("hooks", "Hooks")'), "must be spark_"),
        (METRIC.format('Gauge("spark_Lag", "Lag")'), "small letters"),
        (METRIC.format('Gauge("spark_hook_ms", "Time")'), "in seconds"),
        (METRIC.format('Gauge("spark_used_percent", "Use")'), "a ratio"),
        (METRIC.format('Histogram("spark_hook_time", "Time")'), "must end in its unit"),
        (METRIC.format('Gauge("spark_events_count", "Events")'), "what Prometheus appends"),
        (METRIC.format('Counter("spark_hooks", "Hooks", ["project"])'), "the label project"),
        (METRIC.format('Counter("spark_hooks", "Hooks", labelnames=("path",))'), "the label path"),
        (METRIC.format('Gauge("spark_a", "A")') + 'Y = Gauge("spark_a", "A")\n', "more than one place"),
        ('log.info("began")', "needs an action"),
        ('log.warning("bad", extra={"reason": "x"})', "needs an action"),
        ('log.warning("bad", extra={"action": "Two words"})', "needs an action"),
        ('told = {"action": ""}\nlog.log(logging.INFO, "bad", extra=told)', "needs an action"),
        ('log.exception("bad", extra=made_elsewhere())', "needs an action"),
    ],
)
def test_a_name_that_breaks_a_rule_is_found(source: str, wrong: str) -> None:
    found = broken_rules(names_in(source, "chassis/example.py"))
    assert len(found) == 1
    assert wrong in found[0]


@pytest.mark.parametrize(
    "made", ['Counter(NAME, "Hooks")', 'Counter("spark_hooks", WORDS)', 'Gauge("spark_a", "A", LABELS)']
)
def test_a_name_that_is_put_together_elsewhere_is_refused(made: str) -> None:
    with pytest.raises(Unreadable):
        names_in(METRIC.format(made), "chassis/example.py")


def test_counters_of_others_are_none_of_ours() -> None:
    assert names_in('from collections import Counter\nX = Counter("abc", "x")', "chassis/example.py") == Names()
