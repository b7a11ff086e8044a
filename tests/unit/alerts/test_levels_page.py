"""docs/service-levels.md says what slo.yaml says."""

from __future__ import annotations

from pathlib import Path

from chassis.service_levels import levels
from host.alerts.definitions import alerts
from host.alerts.tables import alert_row, level_row

PAGE = Path(__file__).parents[3] / "docs" / "service-levels.md"


def test_the_tables_are_those_of_slo_yaml() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(("| `", "| ["))]
    assert rows == [*map(level_row, levels().values()), *map(alert_row, alerts().values())]
