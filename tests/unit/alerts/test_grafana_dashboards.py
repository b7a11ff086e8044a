"""The dashboards: what Grafana needs is there, no panel lies over another, and every expression is one of Prometheus
over series that Spark has."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from host.alerts.definitions import alerts
from host.alerts.rules import recording
from host.catalog import every_service
from host.dashboards.advice import advice
from host.dashboards.operations import operations
from host.process import Process
from tests.unit.alerts.conftest import Promtool

BOARDS: list[dict[str, Any]] = [json.loads(json.dumps(each())) for each in (advice, operations)]
UNITS = {"s", "ops", "short", "percentunit", "bytes", "currencyUSD"}
NOT_OURS = {"ALERTS", "process_resident_memory_bytes"}
METRIC = re.compile(r"\b(?:spark[a-z0-9_:]+|process_[a-z_]+|ALERTS)\b")


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in panels(board) for target in panel["targets"]]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_grafana_finds_what_it_needs(board: dict[str, Any]) -> None:
    assert board["schemaVersion"] == 39
    assert board["templating"]["list"][0]["name"] == "datasource"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(board):
        assert panel["type"] in {"timeseries", "stat"}
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        references = [target["refId"] for target in panel["targets"]]
        assert references == sorted(set(references))
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_no_panel_lies_over_another(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_what_operators_ask_for_is_on_them() -> None:
    titles = {panel["title"] for board in BOARDS for panel in panels(board)}
    asked = {
        "Latency",
        "Hooks that went wrong",
        "Routes",
        "Why nothing was said",
        "Entries to be written",
        "Spent today",
    }
    assert asked | {"Utilization"} <= titles


def test_every_series_is_one_that_spark_has() -> None:
    assert every_service()
    assert Process
    ours = {rule["record"] for group in yaml.safe_load(recording(alerts()))["groups"] for rule in group["rules"]}
    for metric in REGISTRY.collect():
        ours.add(f"{metric.name}_total" if metric.type == "counter" else metric.name)
        if metric.type == "histogram":
            ours |= {f"{metric.name}_bucket", f"{metric.name}_count", f"{metric.name}_sum"}
    used = {name for board in BOARDS for text in expressions(board) for name in METRIC.findall(text)}
    assert used - NOT_OURS - ours == set()


def test_every_expression_is_one(promtool: Promtool, tmp_path: Path) -> None:
    texts = sorted({text.replace("$__rate_interval", "5m") for board in BOARDS for text in expressions(board)})
    rules = [{"record": f"spark:panel{place}", "expr": text} for place, text in enumerate(texts)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    checked = promtool("check", "rules", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
