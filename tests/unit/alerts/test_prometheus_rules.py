"""The committed rules: in step with slo.yaml, valid, and each alert fires when it should and not when it should not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from host.alerts.definitions import alerts
from host.alerts.files import written_files
from host.alerts.rules import prometheus_name
from tests.unit.alerts.conftest import Promtool

INFRA = Path(__file__).parents[3] / "infra"
PROMETHEUS = INFRA / "prometheus"
CASES = sorted((PROMETHEUS / "tests").glob("*.yaml"))


def test_what_is_committed_is_what_slo_yaml_says() -> None:
    for name, text in written_files().items():
        assert (INFRA / name).read_text(encoding="utf-8") == text, f"{name}: run `spark alerts rules --out infra`"


def test_the_rules_are_valid(promtool: Promtool) -> None:
    checked = promtool("check", "rules", PROMETHEUS / "recording.yaml", PROMETHEUS / "alerts.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_configuration_is_valid(promtool: Promtool) -> None:
    checked = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_has_series_at_which_it_fires_and_some_at_which_it_does_not() -> None:
    assert {path.stem for path in CASES} == set(alerts())
    for path in CASES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        asked = [case["promql_expr_test"][0] for case in document["tests"]]
        assert all(f'alertname="{prometheus_name(path.stem)}"' in each["expr"] for each in asked), path.name
        fired = [sample["labels"] for each in asked for sample in each["exp_samples"]]
        severities = {rule.severity for rule in alerts()[path.stem].rules}
        assert set(fired) == {f'{{severity="{severity}"}}' for severity in severities}, path.name
        assert [] in [each["exp_samples"] for each in asked], path.name


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_it_fires_when_it_should(case: Path, promtool: Promtool) -> None:
    tested = promtool("test", "rules", case)
    assert tested.returncode == 0, tested.stdout + tested.stderr
