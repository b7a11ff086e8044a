"""TensorRT-LLM itself, where there is a GPU; everywhere else this is skipped and says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.integration.inference.world import asked, inference

MODEL = "SPARK_TEST_TRTLLM_MODEL"

missing = [
    *(f"no {command}" for command in ("nvidia-smi", "trtllm-serve") if shutil.which(command) is None),
    *([] if os.environ.get(MODEL) else [f"{MODEL} names no model"]),
]


@pytest.mark.gpu
@pytest.mark.skipif(bool(missing), reason=f"NOT RUN ON A GPU: {', '.join(missing)}")
@pytest.mark.timeout(900)
async def test_trtllm_serve_on_a_gpu(tmp_path: Path) -> None:
    settings = {"SPARK_INFERENCE_ENGINES": "trtllm", "SPARK_INFERENCE_TRTLLM_MODEL": os.environ.get(MODEL, "")}
    settings |= {"SPARK_INFERENCE_START_TIMEOUT_S": "800"}
    async with inference(tmp_path, settings) as world:
        await world.until("trtllm", "READY")
        reply = await world.generated(asked("What is one and one?", max_tokens=24))
        assert reply.finished is not None
        assert reply.finished.usage.counted_by_engine
