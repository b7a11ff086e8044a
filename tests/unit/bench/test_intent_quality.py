"""Prompts as they are given: what is read, what is skipped, and what written cases without a label are counted for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench import intent_quality, prediction_weights
from bench.intent_quality import of_cases, read
from gateway.perception.intent_families import Family


def test_what_cannot_be_read_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    recorded, cases, other = tmp_path / "p.jsonl", tmp_path / "cases.json", tmp_path / "other.json"
    recorded.write_text('{"session": "s", "prompt_idx": 1, "text": "run the tests"}\n{torn\n{"session": "s"}\n')
    cases.write_text(json.dumps({"cases": [{"domain": "operations", "prompt": "deploy it"}, {"text": "advice"}]}))
    other.write_text("[]")

    given = read([recorded, tmp_path, tmp_path / "missing.jsonl", tmp_path / "missing.json"])

    assert given.texts == {("s", 1): "run the tests"}
    assert given.cases["cases.json"] == [("operations", "deploy it")]
    assert [(problem.path.name, problem.line) for problem in given.problems] == [
        ("p.jsonl", 2),
        ("p.jsonl", 3),
        ("cases.json", 0),
        ("other.json", 0),
        ("missing.jsonl", 0),
        ("missing.json", 0),
    ]


def test_written_cases_are_compared_only_where_their_domain_is_a_family() -> None:
    prompts = [
        ("operations", "Deploy the release and plan the rollback."),
        ("x_social", "Run the tests."),
        ("product", "?"),
    ]

    found = of_cases(prompts)

    assert (found["prompts"], found["mapped"], found["mapped_and_named"], found["agree"]) == (3, 2, 1, 1)
    assert [each["family"] for each in found["answers"]] == [
        Family.DEPLOYMENT_OPS,
        Family.TESTING_VALIDATION,
        Family.EMERGENT_OTHER,
    ]


@pytest.mark.parametrize("program", [intent_quality, prediction_weights])
def test_without_a_path_it_says_how_it_is_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: object
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])

    with pytest.raises(SystemExit) as ended:
        getattr(program, "main")()  # noqa: B009

    assert ended.value.code == 2
    assert "PATH" in capsys.readouterr().err
