from __future__ import annotations

from pathlib import Path

import pytest

from host.alerts.definitions import alerts
from host.alerts.files import written_files
from tests.integration.alerts.webhook_server import taking
from tests.integration.cli.agent import Agent
from tests.integration.cli.command import QuickSpark, Spark, environment


@pytest.fixture
def nothing_up(tmp_path: Path) -> Spark:
    (tmp_path / "home").mkdir()
    return QuickSpark(tmp_path, environment(tmp_path / "home", tmp_path / "user"))


def test_lists_every_alert_with_what_is_right(spark: Spark, agent: Agent) -> None:
    ended = spark("alerts", "--json")
    told = {each["name"]: each for each in ended.document["alerts"]}
    assert list(told) == list(alerts())
    assert told["process-absent"]["state"] == "elsewhere"
    assert told["events-lost"]["value"] == 0
    assert (told["queue"]["right"], told["queue"]["runbook"]) == ("at most 1,000 is right", "docs/runbooks/queue.md")
    assert told["not-ready"]["state"] == "quiet"


def test_fits_the_screen(spark: Spark, agent: Agent) -> None:
    lines = spark("alerts").out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert any(line.split()[1:4] == ["queue", "0", "at"] for line in lines if line.startswith("quiet"))


def test_checks_one(spark: Spark, agent: Agent) -> None:
    ended = spark("alerts", "check", "queue", "--within", "5")
    assert (ended.code, ended.out.split()[:3]) == (0, ["quiet", "queue", "0"])
    assert spark("alerts", "check", "process-absent").code == 2


def test_says_so_when_nothing_is_up(nothing_up: Spark) -> None:
    assert nothing_up("alerts").code == 3
    ended = nothing_up("alerts", "--json")
    assert (ended.code, ended.document) == (3, {"up": False, "alerts": []})


def test_a_test_message_arrives(nothing_up: Spark) -> None:
    with taking() as slack:
        ended = nothing_up("alerts", "test", given={"SPARK_SLACK_WEBHOOK_URL": slack.url})
        assert (ended.code, ended.out, ended.err) == (0, "slack: delivered\n", "")
        assert slack.texts[0].endswith("alerts arrive like this.")
        slack.statuses = [403]
        ended = nothing_up("alerts", "test", given={"SPARK_SLACK_WEBHOOK_URL": slack.url})
    assert (ended.code, ended.out) == (1, "slack: refused (status 403)\n")
    assert "open-sesame" not in ended.out + ended.err


def test_a_test_without_webhooks_says_what_to_set(nothing_up: Spark) -> None:
    ended = nothing_up("alerts", "test")
    assert ended.code == 1
    assert "set SPARK_SLACK_WEBHOOK_URL" in " ".join(ended.err.split())


def test_webhooks_are_masked(nothing_up: Spark) -> None:
    given = {"SPARK_SLACK_WEBHOOK_URL": "https://x.test/open-sesame", "SPARK_TELEGRAM_BOT_TOKEN": "42:open-sesame"}
    told = nothing_up("settings", given=given).out + nothing_up("settings", "--json", given=given).out
    assert "open-sesame" not in told
    assert "alerts.slack_webhook_url = ***" in told


def test_writes_the_rules(nothing_up: Spark, tmp_path: Path) -> None:
    assert nothing_up("alerts", "rules", "--out", str(tmp_path / "out")).code == 0
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == set(written_files())
