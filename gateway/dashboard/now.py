"""The first page: decisions as they happen, and the figures of the last 24 hours."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from chassis.calls import present_call
from gateway.dashboard.asked import name_of
from gateway.dashboard.backends import Backends
from gateway.dashboard.charts import Chart, Series, stacked_chart
from gateway.dashboard.decision_rows import rows_of
from gateway.dashboard.formats import compact, local
from gateway.dashboard.serving import Shown, part, there, trouble_of
from gateway.phrases import SILENCES
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2, windows_pb2

ROWS = 50
"""Decisions on the page as it opens."""
RECENT = timedelta(hours=24)
REASONS = 6
"""Reasons of silence that are shown by name, the most frequent first."""
SILENCE_WORDS = {name_of(router_pb2.Silence.DESCRIPTOR, number): text for number, text in SILENCES.items()}


class Now:
    """Gathers what the first page shows."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def ask(self, request: Request) -> Shown:
        """The page."""
        telemetry = self._backends.telemetry
        decisions, figures = await asyncio.gather(
            telemetry.ListDecisions(telemetry_pb2.ListDecisionsRequest(page_size=ROWS)),
            self.figures(),
        )
        roots = self._backends.roots(present_call().workspace_id)
        rows = rows_of(decisions.decisions, roots)
        return Shown("now.html", {"here": "now", "rows": rows, **figures}, (figures["summary_trouble"],))

    async def figures(self) -> dict[str, Any]:
        """What the part of the page above the list shows."""
        now = self._backends.clock.now()
        since, hours = windows_pb2.SummarizeRequest(), windows_pb2.ListSeriesRequest()
        since.since.FromDatetime(now - RECENT)
        hours.since.FromDatetime(now - RECENT + timedelta(hours=1))
        hours.step = windows_pb2.STEP_HOUR
        telemetry = self._backends.telemetry
        summary, series = await asyncio.gather(part(telemetry.Summarize(since)), part(telemetry.ListSeries(hours)))
        trouble = trouble_of(summary) or trouble_of(series)
        given, points = there(summary), there(series)
        return {
            "summary": given,
            "summary_trouble": trouble,
            "reasons": reasons_of(given) if given else [],
            "hours": hours_chart(points) if points else None,
        }


def hours_chart(series: windows_pb2.ListSeriesResponse) -> Chart:
    """Decisions of each hour, those with advice apart."""
    steps = [local(point.starts_at).strftime("%H:%M") for point in series.points]
    silent = Series("without advice", "quiet", [point.decisions - point.said for point in series.points])
    said = Series("with advice", "accent", [point.said for point in series.points])
    return stacked_chart("Decisions by hour", steps, [said, silent], compact)


def reasons_of(summary: windows_pb2.SummarizeResponse) -> list[tuple[str, int, float]]:
    """Why nothing was said: in words, how often, and as a share of the most frequent reason."""
    counts = sorted(summary.silences, key=lambda each: -each.count)[:REASONS]
    most = counts[0].count if counts else 1
    return [(SILENCE_WORDS.get(each.name, each.name), each.count, each.count / most) for each in counts if each.count]
