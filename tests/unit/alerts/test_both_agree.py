"""What the process works out is what Prometheus works out of the same series, on series made up at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.measures import Condition, Quantile, Selector
from chassis.service_levels import levels
from host.alerts import definitions as of
from host.alerts import promql
from host.alerts.evaluation import judged, missed, value_of
from host.alerts.history import History
from host.alerts.readings import Wanted, read
from tests.unit.alerts.conftest import HandClock, Promtool

MINUTES = 16
SPANS = (timedelta(minutes=5), timedelta(minutes=15))
MEASURED = [level for level in levels().values() if level.measure is not None]

DECISIONS = "spark_decisions"
LABELS = [
    ("packet_exact", "none"),
    ("packet_relaxed", "shown_recently"),
    ("live", "none"),
    ("deterministic", "no_lesson"),
    ("deterministic", "deadline"),
    ("packet_exact", "control_arm"),
]
ENDS = ["advised", "late", "unusable: a (b) | c"]
EDGES = (0.4, 1.2, 1.8)
TIMES = (0.1, 1.0, 1.5, 9.0)

Counts = list[list[int]]


@st.composite
def counts(draw: st.DrawFn, series: int) -> Counts:
    """What each series grew by in each minute; often by nothing."""
    one = st.lists(st.sampled_from([0, 0, 0, 1, 2, 7, 60]), min_size=MINUTES, max_size=MINUTES)
    return [draw(one) for _ in range(series)]


def values() -> Iterator[of.Value]:
    """Values of all kinds."""
    for span in SPANS:
        yield of.Increase(Selector("spark_hooks_total", (Condition("end", ("late", "unusable: a (b) | c")),)), span)
        yield of.Increase(
            Selector("spark_hooks_total", (Condition("end", ("unusable*", "advised"), negated=True),)), span
        )
        for q in (0.5, 0.95):
            yield of.RecentQuantile(Quantile(q, Selector("spark_hook_request_seconds")), span, least=3)
    for fold in ("max", "min", "sum"):
        yield of.Gauge(Selector("spark_spend_usd"), fold)


def wanted() -> Wanted:
    """All series of this test."""
    shares = [level.measure for level in MEASURED if not isinstance(level.measure, Quantile)]
    counters = {series for share in shares if share for series in (share.among, share.chosen)}
    counters |= {value.series for value in values() if isinstance(value, of.Increase)}
    gauges = {value.series for value in values() if isinstance(value, of.Gauge)}
    return Wanted(frozenset(counters), frozenset({Selector("spark_hook_request_seconds")}), frozenset(gauges))


def asked(history: History) -> Iterator[tuple[str, float | None]]:
    """Expressions with what the process says of them."""
    for level in MEASURED:
        for span in SPANS:
            yield promql.missed(level, span), missed(level, span, history)
            yield promql.judged(level, span), judged(level, span, history)
    for value in values():
        yield promql.value_of(value), value_of(value, history)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts(len(LABELS)), counts(len(ENDS)), counts(len(TIMES)), st.lists(st.integers(0, 9), min_size=1, max_size=3))
def test_the_process_and_prometheus_agree(
    promtool: Promtool, decisions: Counts, ends: Counts, times: Counts, spent: list[int]
) -> None:
    registry, clock, history = CollectorRegistry(), HandClock(), History(max(SPANS))
    decided = Counter(DECISIONS, "a", ["route", "silence"], registry=registry)
    hooks = Counter("spark_hooks", "a", ["end"], registry=registry)
    seconds = Histogram("spark_hook_request_seconds", "a", buckets=EDGES, registry=registry)
    spend = Gauge("spark_spend_usd", "a", ["instance"], registry=registry)
    for place, amount in enumerate(spent):
        spend.labels(str(place)).set(amount)
    history.add(clock.at, read(registry, wanted()))
    for minute in range(MINUTES):
        for labels, grew in zip(LABELS, decisions, strict=True):
            decided.labels(*labels).inc(grew[minute])
        for end, grew in zip(ENDS, ends, strict=True):
            hooks.labels(end).inc(grew[minute])
        for time, grew in zip(TIMES, times, strict=True):
            for _ in range(grew[minute]):
                seconds.observe(time)
        clock.go_on(timedelta(minutes=1))
        history.add(clock.at, read(registry, wanted()))
    series = dict(in_prometheus(decisions, ends, times, spent))
    checks = [check(expression, value) for expression, value in asked(history)]
    told = judge(promtool, series, checks)
    assert told == "", told


def in_prometheus(decisions: Counts, ends: Counts, times: Counts, spent: list[int]) -> Iterator[tuple[str, list[int]]]:
    """The same series as a scrape each minute would find them."""
    for (route, silence), grew in zip(LABELS, decisions, strict=True):
        yield f'{DECISIONS}_total{{route="{route}", silence="{silence}"}}', running(grew)
    for end, grew in zip(ENDS, ends, strict=True):
        yield f'spark_hooks_total{{end="{end}"}}', running(grew)
    for place, edge in enumerate((*EDGES, "+Inf")):
        below = [sum(grew[minute] for grew in times[: place + 1]) for minute in range(MINUTES)]
        yield f'spark_hook_request_seconds_bucket{{le="{edge}"}}', running(below)
        if edge == "+Inf":
            yield "spark_hook_request_seconds_count", running(below)
    for place, amount in enumerate(spent):
        yield f'spark_spend_usd{{instance="{place}"}}', [amount] * (MINUTES + 1)


def running(grew: list[int]) -> list[int]:
    """A counter from 0 on."""
    return [0, *accumulate(grew)]


def check(expression: str, value: float | None) -> dict[str, object]:
    """That an expression has a value, to a millionth; or none, or one that is no number."""
    if value is None:
        return {"expr": f"({expression}) >= 0", "eval_time": f"{MINUTES}m", "exp_samples": []}
    agrees = f"count(abs(({expression}) - {value!r}) < 1e-6 + 1e-9 * {abs(value)!r})"
    return {"expr": agrees, "eval_time": f"{MINUTES}m", "exp_samples": [{"labels": "{}", "value": 1}]}


def judge(promtool: Promtool, series: Mapping[str, list[int]], checks: list[dict[str, object]]) -> str:
    """What promtool has against it; empty for nothing."""
    inputs = [{"series": name, "values": " ".join(map(str, values))} for name, values in series.items()]
    tests = [{"interval": "1m", "input_series": inputs, "promql_expr_test": checks}]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "agree.yaml"
        path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}), encoding="utf-8")
        tested = promtool("test", "rules", path)
    return "" if tested.returncode == 0 else tested.stdout + tested.stderr
