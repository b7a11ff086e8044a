"""The report, and the control arm behind it, through a whole Spark that leaves half of the sessions without advice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.agent import UNKNOWN_FLAG, Agent
from tests.integration.cli.command import Spark, environment

SESSIONS = [f"session-{number}" for number in range(12)]
FIX = "what worked: `pytest tests`"


@dataclass(frozen=True)
class Trial:
    """An experiment that has run: the command, and what each session was told at its failure."""

    spark: Spark
    project: Path
    told: dict[str, str]
    decisions: dict[str, list[dict[str, Any]]]
    """Of each session, as they are recorded, in their order."""


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Generator[Trial]:
    """One session that learns before the experiment, then twelve that stumble over the same thing."""
    folder = tmp_path_factory.mktemp("trial").resolve()
    spark = Spark(folder, environment(folder / "home", folder / "user"))
    ports = ("--http-port", "0", "--grpc-port", "0")
    agent = Agent(folder / "home", folder)
    assert spark("up", "--detach", *ports).code == 0
    agent.stumble("before")
    assert spark("down").code == 0
    assert spark("up", "--detach", *ports, given={"SPARK_ADVISORY_CONTROL_SHARE": "0.5"}).code == 0
    told = {session: "".join(agent.call(session, 1, "pytest --flaky tests", UNKNOWN_FLAG)) for session in SESSIONS}
    agent.settle()
    decisions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for decided in spark("explain", "--last", "500", "--json").document["decisions"]:
        decisions[decided["envelope"]["session_id"]].append(decided["decision"])
    yield Trial(spark, folder, told, decisions)
    assert spark("down").code == 0


def test_a_session_is_told_everything_or_nothing_and_all_is_decided_alike(trial: Trial) -> None:
    arms: dict[str, set[object]] = {}
    for session in SESSIONS:
        decisions = trial.decisions[session]
        arms[session] = {each["arm"] for each in decisions}
        decided = [each for each in decisions if each["said"]]
        assert decided, "the fix is known in both arms"
        if arms[session] == {"ARM_CONTROL"}:
            assert trial.told[session] == ""
            assert {each["silence"] for each in decided} == {"SILENCE_CONTROL_ARM"}
            assert {each["text"] for each in decisions} == {""}
        else:
            assert arms[session] == {"ARM_TREATMENT"}
            assert FIX in trial.told[session]
    assert {"ARM_CONTROL"} in arms.values()
    assert {"ARM_TREATMENT"} in arms.values()
    assert {each["arm"] for each in trial.decisions["before"]} == {"ARM_UNSPECIFIED"}


def test_the_gate_goes_on_in_the_control_arm_as_if_it_had_been_shown(trial: Trial) -> None:
    shown: dict[bool, set[tuple[int, ...]]] = {True: set(), False: set()}
    for session in SESSIONS:
        decisions = trial.decisions[session]
        # What is held back depends on how far learning from other sessions has come; what is said does not.
        course = tuple(len(each["said"]) for each in decisions)
        shown[bool(trial.told[session])].add(course)
    assert shown[True] == shown[False]


def test_the_report_compares_the_arms(trial: Trial) -> None:
    told = trial.spark("report", "--json").document
    advised = [session for session in SESSIONS if trial.told[session]]
    arms = told["arms"]
    assert (arms["treatment"]["sessions"], arms["control"]["sessions"]) == (len(advised), 12 - len(advised))
    assert (arms["treatment"]["calls"], arms["treatment"]["failure_rate"]) == (len(advised), 1.0)
    assert arms["control"]["pieces"] > 0
    assert (arms["enough"], arms["lower"], arms["upper"]) == (False, -1, 1)
    window = told["window"]
    assert window["decisions"] == 24 + 4
    assert window["silences"]["control_arm"] == arms["control"]["pieces"]
    assert window["said"] == arms["treatment"]["pieces"]
    assert window["emit_rate"] == pytest.approx(window["said"] / 28)
    assert window["emit_rate"] + window["no_emit_rate"] == pytest.approx(1)
    assert sum(window["routes"].values()) == 28
    assert 0 < window["p50_us"] <= window["p90_us"] <= window["p95_us"] <= window["p99_us"]
    assert told["window_before"]["decisions"] == 0


def test_the_report_reads_well_in_80_columns(trial: Trial) -> None:
    ended = trial.spark("report")
    assert (ended.code, ended.err) == (0, "")
    assert all(len(text) <= 80 for text in ended.out.splitlines())
    rows = [text.split() for text in ended.out.splitlines()]
    assert ["decisions", "28", "0"] in rows
    assert any(row[:2] == ["advice", "withheld"] and row[4:6] == ["100.0", "%"] for row in rows)
    assert "too little to say" in ended.out


def test_it_keeps_to_a_project_and_to_what_is_kept(trial: Trial, tmp_path: Path) -> None:
    assert trial.spark("report", "--project", str(trial.project), "--json").document["window"]["decisions"] == 28
    nothing = trial.spark("report", "--project", str(tmp_path))
    assert "SPARK_ADVISORY_CONTROL_SHARE=0.5" in " ".join(nothing.out.split())
    assert trial.spark("report", "--since", "201d", "--json").document["window_before"] is None
    refused = trial.spark("report", "--since", "yesterday")
    assert refused.code == 2
    assert "neither a length" in refused.err


def test_what_was_withheld_is_told_as_such(trial: Trial) -> None:
    control = next(session for session in SESSIONS if not trial.told[session])
    out = trial.spark("explain", control).out
    assert "left without advice, for comparison" in " ".join(out.split())
    assert "would have said\n" in out
    assert "\n  said\n" not in out
