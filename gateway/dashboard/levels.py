"""How Spark does: service levels, gates, time series, what prepares ahead, and what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from starlette.requests import Request

from chassis.calls import present_call
from gateway.dashboard.asked import name_of
from gateway.dashboard.backends import Backends
from gateway.dashboard.charts import Chart, Series, line_chart, stacked_chart
from gateway.dashboard.formats import compact, local, milliseconds, money, percent
from gateway.dashboard.runbooks import of_fault, of_level
from gateway.dashboard.serving import Shown, part, there, trouble_of
from gateway.phrases import OUTCOMES, ROUTES, VERDICTS
from spark.packets.v1 import advice_pb2, packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2, windows_pb2

SPANS: Mapping[str, tuple[str, timedelta, windows_pb2.Step.ValueType]] = {
    "24h": ("24 hours", timedelta(hours=24), windows_pb2.STEP_HOUR),
    "3d": ("3 days", timedelta(days=3), windows_pb2.STEP_HOUR),
    "7d": ("7 days", timedelta(days=7), windows_pb2.STEP_HOUR),
    "30d": ("30 days", timedelta(days=30), windows_pb2.STEP_DAY),
    "400d": ("400 days", timedelta(days=400), windows_pb2.STEP_DAY),
}
"""Spans to look at, each with its step: no chart has more points than a screen has room for."""
TONES = ("c1", "c2", "c3", "c4")
HOURS_ALONE = 26
"""Up to so many steps of an hour their days go without saying."""
INTERVAL_WIDTH = 100.0


@dataclass(frozen=True)
class Interval:
    """A measure on a line from 0 to 100: its bounds, its value, and the level."""

    lower: float
    upper: float
    value: float
    level: float


class LevelsPage:
    """Gathers what it shows."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def ask(self, request: Request) -> Shown:
        """The page."""
        asked = request.query_params.get("span", "")
        span = asked if asked in SPANS else "24h"
        words, length, step = SPANS[span]
        project, until = request.query_params.get("project", ""), self._backends.clock.now()
        since = until - length
        telemetry = self._backends.telemetry
        card, summary, points, arms, prefetch, packets = await asyncio.gather(
            telemetry.GetScorecard(scorecard_of(project, since)),
            telemetry.Summarize(summary_of(project, since)),
            telemetry.ListSeries(series_of(project, since, step)),
            telemetry.CompareArms(telemetry_pb2.CompareArmsRequest(project_id=project)),
            part(self._backends.prefetch.GetStatus(prefetch_pb2.GetStatusRequest())),
            part(self._backends.packets.GetStatus(packets_pb2.GetStatusRequest(project_id=project))),
        )
        troubles = (trouble_of(prefetch), trouble_of(packets))
        values: dict[str, Any] = {
            "here": "levels",
            "span": span,
            "span_words": words,
            "spans": {name: text for name, (text, _, _) in SPANS.items()},
            "project": project,
            "roots": self._backends.roots(present_call().workspace_id),
            "card": card,
            "interval": interval_of,
            "figure": figure_of,
            "runbook_of": of_level,
            "runbook_of_fault": of_fault,
            "summary": summary,
            "latencies": by_hook(summary.latencies),
            "arms": arms,
            "became": became(summary),
            "charts": charts_of(points.points, step),
            "prefetch": there(prefetch),
            "packets": there(packets),
            "troubles": {"What is prepared ahead": troubles[0], "The packets": troubles[1]},
        }
        return Shown("levels.html", values, troubles)


def scorecard_of(project: str, since: datetime) -> windows_pb2.GetScorecardRequest:
    """Asks for the scorecard since then."""
    request = windows_pb2.GetScorecardRequest(project_id=project)
    request.since.FromDatetime(since)
    return request


def summary_of(project: str, since: datetime) -> windows_pb2.SummarizeRequest:
    """Asks for figures since then."""
    request = windows_pb2.SummarizeRequest(project_id=project)
    request.since.FromDatetime(since)
    return request


def series_of(project: str, since: datetime, step: windows_pb2.Step.ValueType) -> windows_pb2.ListSeriesRequest:
    """Asks for points since then."""
    request = windows_pb2.ListSeriesRequest(project_id=project, step=step)
    request.since.FromDatetime(since)
    return request


def charts_of(points: Sequence[windows_pb2.Point], step: windows_pb2.Step.ValueType) -> list[Chart]:
    """What is drawn of a span."""
    at = [local(point.starts_at) for point in points]
    daily, several_days = step == windows_pb2.STEP_DAY, len(points) > HOURS_ALONE
    steps = [each.strftime("%d %b %Y" if daily else "%d %b %H:%M" if several_days else "%H:%M") for each in at]
    # Hours of several days are too many to be named: their days begin at midnight.
    ticks = [(number, each.strftime("%d %b")) for number, each in enumerate(at) if daily or each.hour == 0]
    ticks = ticks if daily or several_days else None

    def values(of: Callable[[windows_pb2.Point], float]) -> list[float | None]:
        return [of(point) for point in points]

    def latency(of: Callable[[windows_pb2.Point], float]) -> list[float | None]:
        return [of(point) if point.decisions else None for point in points]

    latencies = [
        Series("p50", "c1", latency(lambda point: point.p50_us)),
        Series("p95", "c2", latency(lambda point: point.p95_us)),
        Series("p99", "c3", latency(lambda point: point.p99_us)),
    ]
    said = [
        Series("with advice", "accent", values(lambda point: point.said)),
        Series("without advice", "quiet", values(lambda point: point.decisions - point.said)),
    ]
    cost = [Series("cost", "c1", values(lambda point: point.cost_microusd))]
    tokens = [Series("tokens", "c1", values(lambda point: point.tokens))]
    faults = [Series("faults", "c3", values(lambda point: point.faults))]
    always = [
        line_chart("Time to the reply", steps, latencies, milliseconds, ticks=ticks),
        stacked_chart("Decisions by route", steps, routes_of(points), compact, ticks=ticks),
        stacked_chart("Decisions", steps, said, compact, ticks=ticks),
        stacked_chart("Faults", steps, faults, compact, ticks=ticks),
    ]
    engines = [
        stacked_chart("Tokens of engines", steps, tokens, compact, ticks=ticks),
        stacked_chart("Cost of engines", steps, cost, money, ticks=ticks),
    ]
    return always + [each for each in engines if not each.empty]


def by_hook(latencies: Iterable[windows_pb2.Latency]) -> list[windows_pb2.Latency]:
    """Latencies by kind of hook, the most frequent first, each with all routes together before those one by one."""
    given = list(latencies)
    calls = {each.kind: each.count for each in given if not each.route}

    def place(each: windows_pb2.Latency) -> tuple[int, ...]:
        return each.kind != 0, -calls.get(each.kind, 0), each.kind, each.route != 0, -each.count

    return sorted(given, key=place)


def became(summary: windows_pb2.SummarizeResponse) -> list[tuple[str, int]]:
    """What became of advice, and what users say of it, in words, and how often."""
    outcomes = words_by_name(advice_pb2.AdviceState.DESCRIPTOR, OUTCOMES)
    verdicts = words_by_name(advice_pb2.Verdict.DESCRIPTOR, VERDICTS)
    told = [(outcomes.get(each.name, each.name), each.count) for each in summary.outcomes]
    return told + [(f"called {verdicts.get(each.name, each.name)}", each.count) for each in summary.verdicts]


def words_by_name(enum: EnumDescriptor, words: Mapping[int, str]) -> dict[str, str]:
    """Words by the names that counts go by."""
    return {name_of(enum, number): text for number, text in words.items()}


def routes_of(points: Sequence[windows_pb2.Point]) -> list[Series]:
    """Decisions by route, those with a packet at the bottom."""
    counts = [{each.name: each.count for each in point.routes} for point in points]
    return [
        Series(words, tone, [count.get(name_of(router_pb2.Route.DESCRIPTOR, number), 0) for count in counts])
        for tone, (number, words) in zip(TONES, ROUTES.items(), strict=True)
    ]


def figure_of(measure: windows_pb2.Measure, value: float | None = None) -> str:
    """A figure of a measure in its unit; without a value that of the measure itself, a dash where there is none."""
    if value is None:
        if not measure.HasField("value"):
            return "–"
        value = measure.value
    return milliseconds(value * 1000) if measure.unit == "ms" else percent(value)


def interval_of(measure: windows_pb2.Measure) -> Interval | None:
    """Where a measure stands; None where nothing was seen."""
    if not measure.HasField("value"):
        return None
    lower = measure.lower if measure.HasField("lower") else measure.value
    upper = measure.upper if measure.HasField("upper") else measure.value
    most = 1.0 if measure.unit == "share" else 1.1 * max(upper, measure.level, 1e-9)
    places = [INTERVAL_WIDTH * max(0.0, min(1.0, each / most)) for each in (lower, upper, measure.value, measure.level)]
    return Interval(*places)
