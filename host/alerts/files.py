"""The files that are made of slo.yaml: they lie in infra/ of the repository, and `spark alerts rules` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from host.alerts.definitions import alerts
from host.alerts.rules import alerting, recording
from host.dashboards.advice import advice
from host.dashboards.operations import operations
from host.dashboards.panels import Json


def written_files() -> Mapping[str, str]:
    """Their names, below a folder, with what is in them."""
    return {
        "prometheus/recording.yaml": recording(alerts()),
        "prometheus/alerts.yaml": alerting(alerts()),
        "grafana/advice.json": as_text(advice()),
        "grafana/operations.json": as_text(operations()),
    }


def as_text(dashboard: Json) -> str:
    """A dashboard as a file."""
    return json.dumps(dashboard, indent=1) + "\n"
