"""Settings: which of several values counts, within which bounds, and what is said of a value that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.settings import BadSetting, Setting, Settings, read_tuneables

WAIT = Setting("advisory.max_ms", "SPARK_ADVISORY_MAX_MS", 250, "Time for advice.", low=10, high=5000)
SHARE = Setting("gate.share", "SPARK_GATE_SHARE", 0.5, "A share.", low=0.0, high=1.0)
EMIT = Setting("advisory.emit", "SPARK_ADVISORY_EMIT", True, "Whether anything is said.")
CLOCK = Setting("clock", "SPARK_CLOCK", "system", "Which clock.", choices=("system", "header"))

within = st.integers(10, 5000)


@given(
    flag=st.none() | within,
    environment=st.none() | within,
    tuneable=st.none() | within,
)
def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(
    flag: int | None, environment: int | None, tuneable: int | None
) -> None:
    settings = Settings(
        {} if environment is None else {"SPARK_ADVISORY_MAX_MS": str(environment)},
        {} if tuneable is None else {"advisory": {"max_ms": tuneable}},
        {} if flag is None else {"advisory.max_ms": str(flag)},
    )
    given_values = [(flag, "flag"), (environment, "environment"), (tuneable, "tuneables.json"), (250, "default")]
    value, source = next(pair for pair in given_values if pair[0] is not None)
    effective = settings.explain(WAIT)
    assert (settings[WAIT], effective.value, effective.source) == (value, value, source)


@given(st.integers())
def test_a_number_is_clamped_and_says_so(number: int) -> None:
    effective = Settings({"SPARK_ADVISORY_MAX_MS": str(number)}).explain(WAIT)
    assert effective.value == min(max(number, 10), 5000)
    clamped = f"environment, clamped from {number}"
    assert effective.source == ("environment" if 10 <= number <= 5000 else clamped)


@given(st.floats(allow_nan=False))
def test_a_fraction_is_clamped(number: float) -> None:
    settings = Settings({}, {"gate": {"share": number}})
    assert settings[SHARE] == min(max(number, 0.0), 1.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("Yes", True), (" on ", True), ("0", False), ("FALSE", False), ("no", False)],
)
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:
    assert Settings({"SPARK_ADVISORY_EMIT": text})[EMIT] is value
    assert Settings({}, {"advisory": {"emit": value}})[EMIT] is value


def test_an_empty_variable_is_none_at_all() -> None:
    assert Settings({"SPARK_ADVISORY_MAX_MS": ""}).explain(WAIT).source == "default"


@pytest.mark.parametrize("tuneables", [{}, {"advisory": None}, {"advisory": 3}, {"advisory": {"max_ms": None}}])
def test_what_the_file_does_not_say_is_left_to_the_default(tuneables: dict[str, object]) -> None:
    assert Settings({}, tuneables).explain(WAIT).source == "default"


@pytest.mark.parametrize(
    ("setting", "text", "expected"),
    [
        (WAIT, "fast", "SPARK_ADVISORY_MAX_MS='fast' (environment): expected a whole number"),
        (WAIT, "2.5", "SPARK_ADVISORY_MAX_MS='2.5' (environment): expected a whole number"),
        (SHARE, "half", "SPARK_GATE_SHARE='half' (environment): expected a number"),
        (EMIT, "maybe", "SPARK_ADVISORY_EMIT='maybe' (environment): expected 0 or 1"),
        (CLOCK, "sundial", "SPARK_CLOCK='sundial' (environment): expected one of system, header"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_what_would_do(setting: Any, text: str, expected: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings({setting.environment: text}).explain(setting)
    assert str(caught.value) == expected


@pytest.mark.parametrize("value", ["many", [1], {"a": 1}, True, 2.5])
def test_a_bad_value_of_the_file_is_named_by_its_key(value: object) -> None:
    with pytest.raises(BadSetting, match=r"^advisory\.max_ms=.* \(tuneables\.json\): expected a whole number$"):
        Settings({}, {"advisory": {"max_ms": value}})[WAIT]


def test_a_file_that_is_missing_says_nothing(tmp_path: Path) -> None:
    assert read_tuneables(tmp_path / "tuneables.json") == {}


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tuneables.json"
    path.write_text(json.dumps({"advisory": {"max_ms": 300}}))
    assert Settings({}, read_tuneables(path))[WAIT] == 300


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff\xfe"])
def test_a_file_that_is_no_json_object_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tuneables.json"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=r"tuneables\.json"):
        read_tuneables(path)


SECRET = Setting("inference.key", "SPARK_KEY", "", "A key.", secret=True)


def test_a_secret_comes_from_the_environment_and_from_no_file() -> None:
    assert Settings({"SPARK_KEY": "sk-1"})[SECRET] == "sk-1"
    assert Settings({}, {"inference": {}})[SECRET] == ""
    with pytest.raises(BadSetting, match="must not lie in a file: set SPARK_KEY") as refused:
        Settings({}, {"inference": {"key": "sk-in-a-file"}})[SECRET]
    assert "sk-in-a-file" not in str(refused.value)
