"""What trtllm-serve is told: rendered as its documents say, and checked before a GPU is taken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.inference.engines.trtllm import found
from services.inference.engines.trtllm_config import Plan, command_line, environment, rendered
from services.inference.ports import EngineError

PLAN = Plan("meta/llama", concurrency=8, batch_sizes=("1", "2", "8"))


def test_options_are_rendered_by_their_documented_names() -> None:
    assert json.loads(rendered(PLAN)) == {
        "kv_cache_config": {"enable_block_reuse": True, "free_gpu_memory_fraction": 0.85},
        "cuda_graph_config": {"batch_sizes": [1, 2, 8], "enable_padding": True},
    }
    bare = replace(PLAN, batch_sizes=(), kv_block_reuse=False, kv_memory_share=0.5)
    assert json.loads(rendered(bare)) == {
        "kv_cache_config": {"enable_block_reuse": False, "free_gpu_memory_fraction": 0.5},
        "cuda_graph_config": None,
    }


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        (("0",), "'0' is no batch size"),
        (("-1",), "'-1' is no batch size"),
        (("two",), "'two' is no batch size"),
        (("٣",), "is no batch size"),
        (("2.5",), "is no batch size"),
        (("4096",), "is no batch size"),
        (("4", "2"), "2 does not rise above 4"),
        (("1", "16"), "16 is more than the 8 generations"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_the_settings_name(sizes: tuple[str, ...], why: str) -> None:
    with pytest.raises(EngineError, match=why) as refused:
        rendered(replace(PLAN, batch_sizes=sizes))
    assert "SPARK_INFERENCE_TRTLLM_CUDA_GRAPH_BATCH_SIZES" in refused.value.message


def test_the_command_names_the_model_the_port_and_the_options() -> None:
    line = command_line("/opt/trtllm-serve", PLAN, Path("/data/trtllm.yaml"), 4711)
    assert line == [
        *("/opt/trtllm-serve", "meta/llama", "--host", "127.0.0.1", "--port", "4711"),
        *("--max_batch_size", "8", "--extra_llm_api_options", "/data/trtllm.yaml"),
    ]


def test_the_build_cache_is_where_it_is_said_to_be() -> None:
    assert environment(PLAN, Path("/data/cache")) == {
        "TLLM_LLMAPI_BUILD_CACHE": "1",
        "TLLM_LLMAPI_BUILD_CACHE_ROOT": "/data/cache",
    }
    assert environment(replace(PLAN, build_cache=False), Path("/data")) == {"TLLM_LLMAPI_BUILD_CACHE": "0"}


def test_a_missing_command_says_what_to_set() -> None:
    with pytest.raises(EngineError, match=r"SPARK_INFERENCE_TRTLLM_BINARY.*SPARK_INFERENCE_TRTLLM_URL"):
        found("trtllm-serve-that-is-not-there")
