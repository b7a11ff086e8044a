"""Parts of a Grafana dashboard in its own JSON model (schema 39, Grafana 10 and later)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Json = dict[str, object]

SCHEMA = 39
COLUMNS = 24
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
INTERVAL = "$__rate_interval"


@dataclass(frozen=True)
class Query:
    """An expression and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Bound:
    """Where a figure is no longer right."""

    at: float
    above: bool = True
    """Whether it is wrong above it; else below."""


@dataclass(frozen=True)
class Panel:
    """One picture. `kind` is Grafana's: timeseries, stat or table; `unit` one of its unit ids."""

    title: str
    about: str
    queries: Sequence[Query]
    kind: str = "timeseries"
    unit: str = "short"
    bound: Bound | None = None
    stacked: bool = False
    width: int = 8
    height: int = 8


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


def dashboard(uid: str, title: str, about: str, rows: Sequence[Row]) -> Json:
    """A dashboard with a choice of the data source."""
    panels: list[Json] = []
    top = 0
    for row in rows:
        panels.append(heading(row.title, top, len(panels) + 1))
        top += 1
        left = line = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, line = 0, top + line, 0
            panels.append(drawn(panel, {"x": left, "y": top, "w": panel.width, "h": panel.height}, len(panels) + 1))
            left += panel.width
            line = max(line, panel.height)
        top += line
    source: Json = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["spark"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [source]},
        "annotations": {"list": []},
        "links": [],
        "panels": panels,
    }


def heading(title: str, top: int, number: int) -> Json:
    """A row's heading."""
    place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def drawn(panel: Panel, place: dict[str, int], number: int) -> Json:
    """A panel at its place."""
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "gridPos": place,
        "datasource": DATASOURCE,
        "targets": [target(query, at, panel.kind) for at, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, **colours(panel)}, "overrides": []},
        "options": OPTIONS[panel.kind],
    }


def target(query: Query, at: int, kind: str) -> Json:
    """A query; a panel of one figure asks for now alone."""
    now = kind != "timeseries"
    asked: Json = {"refId": chr(ord("A") + at), "datasource": DATASOURCE, "expr": query.expr, "instant": now}
    return {**asked, "range": not now, "legendFormat": query.legend or "__auto"}


def colours(panel: Panel) -> Json:
    """Red on the wrong side of the bound, and a line at it where there is one."""
    good, bad = {"color": "green"}, {"color": "red"}
    steps: list[Json] = [{**good, "value": None}]
    if panel.bound is not None:
        low, high = (good, bad) if panel.bound.above else (bad, good)
        steps = [{**low, "value": None}, {**high, "value": panel.bound.at}]
    found: Json = {"thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind != "timeseries":
        return {**found, "color": {"mode": "thresholds"}, "noValue": "no data"}
    custom: Json = {
        "fillOpacity": 30 if panel.stacked else 0,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if panel.bound else "off"},
        "showPoints": "never",
    }
    return {**found, "color": {"mode": "palette-classic"}, "custom": custom}


OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
}
