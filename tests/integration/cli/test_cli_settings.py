from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from host.alerts.settings import SETTINGS as ALERTS
from host.catalog import all_settings
from host.fleet import FLEET_TOKEN
from host.system import SETTINGS
from tests.integration.cli.command import QuickSpark, Spark, environment


@pytest.fixture
def spark(tmp_path: Path) -> Spark:
    """The command with a data folder in which nothing runs."""
    (tmp_path / "home").mkdir()
    return QuickSpark(tmp_path, environment(tmp_path / "home", tmp_path / "user"))


def settings(spark: Spark, given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    ended = spark("settings", "--json", given=given)
    assert ended.code == 0, ended.err
    return {each["name"]: each for each in ended.document["settings"]}


def tuneables(spark: Spark, value: object) -> None:
    (spark.folder / "home" / "tuneables.json").write_text(json.dumps(value))


def test_shows_every_setting_with_its_source(spark: Spark) -> None:
    tuneables(spark, {"advisory": {"max_chars": 300, "max_ms": 100}})
    told = settings(spark, {"SPARK_ADVISORY_MAX_MS": "400"})
    assert {"advisory.refuse", "advisory.forecast_ttl_s", "advisory.noise_per_100", "prefetch.concurrency"} <= set(told)
    assert set(told) == {setting.key for setting in (*SETTINGS, FLEET_TOKEN, *ALERTS, *all_settings())}
    assert (told["advisory.max_ms"]["value"], told["advisory.max_ms"]["source"]) == (400, "environment")
    assert (told["advisory.max_chars"]["value"], told["advisory.max_chars"]["source"]) == (300, "tuneables.json")
    assert (told["advisory.max_items"]["value"], told["advisory.max_items"]["source"]) == (2, "default")


def test_shows_what_was_clamped(spark: Spark) -> None:
    told = settings(spark, {"SPARK_ADVISORY_MAX_MS": "9999999"})["advisory.max_ms"]
    assert (told["value"], told["source"]) == (4000, "environment, clamped from 9999999")


def test_names_the_variable_of_each_setting(spark: Spark) -> None:
    out = spark("settings").out
    for setting in (*SETTINGS, *ALERTS, *all_settings()):
        block = out[out.index(f"\n{setting.key} = ") :].lstrip().partition("\n\n")[0]
        assert setting.environment in block
    assert all(len(line) <= 80 for line in out.splitlines() if str(spark.folder) not in line)


def test_names_every_value_that_cannot_be_read(spark: Spark) -> None:
    ended = spark("settings", given={"SPARK_HTTP_PORT": "many", "SPARK_CLOCK": "sundial"})
    assert (ended.code, ended.out) == (1, "")
    assert "SPARK_HTTP_PORT='many' (environment): expected a whole number" in ended.err
    assert "SPARK_CLOCK='sundial' (environment): expected one of system, header" in ended.err


def test_refuses_a_file_that_is_not_json(spark: Spark) -> None:
    (spark.folder / "home" / "tuneables.json").write_text("{")
    ended = spark("settings", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert "tuneables.json cannot be read as JSON" in ended.err


def test_warns_of_a_name_that_is_no_setting(spark: Spark) -> None:
    tuneables(spark, {"advisory": {"max_mss": 1}})
    assert spark("settings", "--json").document["unknown"] == ["advisory.max_mss"]
    assert "advisory.max_mss" in spark("settings").err


def test_prints_no_password(spark: Spark) -> None:
    given = {"SPARK_DATABASE_URL": "postgresql://me:s3cr/t@db/spark", "SPARK_NATS_URL": "nats://t0k3n@bus:4222"}
    told = settings(spark, given)
    assert told["database.url"]["value"] == "postgresql://me:***@db/spark"
    assert told["nats.url"]["value"] == "nats://***@bus:4222"
    out = spark("settings", given=given).out
    assert "s3cr" not in out
    assert "t0k3n" not in out
