"""What `trtllm-serve` is told, checked before a GPU is taken for it. Pure.

Names and meanings are those of TensorRT-LLM 1.2's `--extra_llm_api_options` file (`LlmArgs`: `cuda_graph_config`,
`kv_cache_config`) and of its build cache's variables (`TLLM_LLMAPI_BUILD_CACHE`, `TLLM_LLMAPI_BUILD_CACHE_ROOT`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from services.inference.ports import EngineError

LARGEST_BATCH = 2048
"""CUDA graphs take GPU memory each; TensorRT-LLM's own default list ends at the largest batch."""


@dataclass(frozen=True)
class Plan:
    """How a model is to be served."""

    model: str
    concurrency: int
    batch_sizes: tuple[str, ...] = ()
    """Batch sizes for which CUDA graphs are captured, as they were written; none captures none."""
    kv_block_reuse: bool = True
    kv_memory_share: float = 0.85
    build_cache: bool = True


def graph_sizes(plan: Plan) -> list[int]:
    """The batch sizes as numbers.

    Raises:
        EngineError: for one that is no size, out of order, or larger than what runs at once.
    """
    sizes: list[int] = []
    for word in plan.batch_sizes:
        if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= LARGEST_BATCH:
            raise wrong(f"{word!r} is no batch size between 1 and {LARGEST_BATCH}")
        if sizes and int(word) <= sizes[-1]:
            raise wrong(f"{word} does not rise above {sizes[-1]}")
        sizes.append(int(word))
    if sizes and sizes[-1] > plan.concurrency:
        raise wrong(
            f"{sizes[-1]} is more than the {plan.concurrency} generations that run at once "
            "(SPARK_INFERENCE_CONCURRENCY): a graph for it would never be used"
        )
    return sizes


def wrong(why: str) -> EngineError:
    """A list that cannot be."""
    return EngineError(f"SPARK_INFERENCE_TRTLLM_CUDA_GRAPH_BATCH_SIZES: {why}")


def rendered(plan: Plan) -> str:
    """The options file. JSON, which is YAML too.

    Raises:
        EngineError: when the plan cannot be.
    """
    sizes = graph_sizes(plan)
    options: dict[str, object] = {
        "kv_cache_config": {
            "enable_block_reuse": plan.kv_block_reuse,
            "free_gpu_memory_fraction": plan.kv_memory_share,
        },
        # Padding lets a batch between two sizes use the next larger graph.
        "cuda_graph_config": {"batch_sizes": sizes, "enable_padding": True} if sizes else None,
    }
    return json.dumps(options, indent=1) + "\n"


def command_line(binary: str, plan: Plan, options: Path, port: int) -> list[str]:
    """How the server is started."""
    return [
        binary,
        plan.model,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--max_batch_size",
        str(plan.concurrency),
        "--extra_llm_api_options",
        str(options),
    ]


def environment(plan: Plan, cache: Path) -> dict[str, str]:
    """What it is told by variables."""
    if not plan.build_cache:
        return {"TLLM_LLMAPI_BUILD_CACHE": "0"}
    return {"TLLM_LLMAPI_BUILD_CACHE": "1", "TLLM_LLMAPI_BUILD_CACHE_ROOT": str(cache)}
