"""The image of TensorRT-LLM, which cannot be built here, against what Spark itself tells `trtllm-serve`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from services.inference.engines.trtllm_config import Plan, command_line, environment, rendered

FOLDER = Path(__file__).parents[3] / "infra" / "docker"
DOCKERFILE = (FOLDER / "inference.Dockerfile").read_text()
PLAN = Plan("/models/NAME", 8, ("1", "2", "4", "8"))


def entrypoint() -> list[str]:
    """The words by which the image begins."""
    found = re.search(r"^ENTRYPOINT (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return json.loads(found[1].replace("\\\n", ""))


def flags(words: list[str]) -> set[str]:
    """The options among some words."""
    return {word for word in words if word.startswith("--")}


def test_it_is_started_as_spark_starts_one_of_its_own() -> None:
    ours = command_line("trtllm-serve", PLAN, Path("/etc/spark/trtllm.yaml"), 8000)
    words = entrypoint()
    # Options before a model are those of a command that must be named; without one they are refused.
    assert words[:2] == [ours[0], "serve"]
    assert flags(words) == flags(ours)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert options["--max_batch_size"] == str(PLAN.concurrency)
    assert options["--extra_llm_api_options"] == "/etc/spark/trtllm.yaml"
    assert options["--host"] == "0.0.0.0"


def test_its_options_are_those_that_spark_renders() -> None:
    assert (FOLDER / "trtllm.yaml").read_text() == rendered(PLAN)
    assert "COPY trtllm.yaml /etc/spark/trtllm.yaml" in DOCKERFILE


def test_it_keeps_what_it_derives_as_spark_does() -> None:
    for name, value in environment(PLAN, Path("/models/.cache")).items():
        assert f"{name}={value}" in DOCKERFILE


def test_it_says_that_it_has_never_been_built() -> None:
    assert "never been built" in DOCKERFILE
