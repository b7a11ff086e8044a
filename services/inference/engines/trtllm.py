"""TensorRT-LLM through `trtllm-serve`: a process of its own, spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import urllib.error
import urllib.request
from pathlib import Path

from services.inference.engines.openai_compatible import Where
from services.inference.engines.own_server import OwnServer
from services.inference.engines.trtllm_config import Plan, command_line, environment, rendered
from services.inference.manifest import Artefact, Manifest, artefact_of
from services.inference.ports import EngineError

NAME = "trtllm"
HEALTH_S = 2.0
PAST_THE_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_HOME", "HF_HOME")


class TrtLlm(OwnServer):
    """A `trtllm-serve` started here, with the options that its plan renders."""

    def __init__(self, binary: str, plan: Plan, folder: Path, manifest: Manifest) -> None:
        super().__init__(NAME, Path(plan.model).name, folder)
        self._binary = binary
        self._plan = plan
        self._options = folder / f"{NAME}.yaml"
        self._manifest = manifest

    async def _serve(self) -> Where:
        # A model is a folder of many files, on disks that may be slow: not in the loop that answers hooks.
        binary, derived = await asyncio.to_thread(self._prepared)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        told = {name: os.environ[name] for name in GPU_VARIABLES if name in os.environ}
        told |= environment(self._plan, derived)

        async def serves() -> bool:
            return await asyncio.to_thread(healthy, url)

        await self._child.start(command_line(binary, self._plan, self._options, port), serves, told)
        # It serves under the name that it was started with, of which ours is the end.
        return Where(f"{url}/v1")

    def _prepared(self) -> tuple[str, Path]:
        """The command, and the folder for what it derives from the model; the options are written."""
        options = rendered(self._plan)
        binary = found(self._binary)
        self._manifest.keep(NAME, self._artefact(binary))
        self._options.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._options.write_text(options, encoding="utf-8")
        return binary, self._manifest.derived(NAME)

    def _artefact(self, binary: str) -> Artefact:
        # The command's own file changes with each version that is installed.
        installed = artefact_of(Path(binary).resolve(), "")
        version = f"{installed.path} {installed.size} {installed.modified_ns} {rendered(self._plan)}"
        model = Path(self._plan.model)
        return artefact_of(model, version) if model.exists() else Artefact(self._plan.model, 0, 0, version)


def found(binary: str) -> str:
    """The command's place.

    Raises:
        EngineError: when it is not there.
    """
    place = shutil.which(binary)
    if place is None:
        raise EngineError(
            f"there is no {binary} here: TensorRT-LLM is installed in an environment of its own; name its command in "
            "SPARK_INFERENCE_TRTLLM_BINARY, or the address of one that runs in SPARK_INFERENCE_TRTLLM_URL"
        )
    return place


def free_port() -> int:
    """A port that is free now; where another takes it first, the server ends and is started again on the next."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def healthy(url: str) -> bool:
    """Whether the server says that it serves."""
    try:
        with PAST_THE_PROXY.open(f"{url}/health", timeout=HEALTH_S) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
