"""TensorRT-LLM through `trtllm-serve`: a process of its own, spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator
from pathlib import Path

from services.inference.engines.child import Child
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.engines.trtllm_config import Plan, command_line, environment, rendered
from services.inference.manifest import Artefact, Manifest, artefact_of
from services.inference.model import Capabilities, Delta, Finished, Prompt
from services.inference.ports import EngineError

NAME = "trtllm"
HEALTH_S = 2.0
PAST_THE_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_HOME", "HF_HOME")


class TrtLlm:
    """A `trtllm-serve` started here."""

    name = NAME
    kind = NAME
    hosted = False
    capabilities = Capabilities(json_schema=True)

    def __init__(self, binary: str, plan: Plan, folder: Path, manifest: Manifest) -> None:
        self.model = Path(plan.model).name
        self._binary = binary
        self._plan = plan
        self._folder = folder
        self._manifest = manifest
        self._child = Child(NAME, folder / f"{NAME}.log")
        self._served: OpenAICompatible | None = None

    async def start(self) -> None:
        """Starts the server with the options that the plan renders.

        Raises:
            EngineError: when the plan cannot be, the command is missing, or the server does not come up.
        """
        await self._forget_served()
        options = rendered(self._plan)
        binary = found(self._binary)
        self._manifest.keep(NAME, self._artefact(binary))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{NAME}.yaml"
        file.write_text(options, encoding="utf-8")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        told = {name: os.environ[name] for name in GPU_VARIABLES if name in os.environ}
        told |= environment(self._plan, self._manifest.derived(NAME))

        async def serves() -> bool:
            return await asyncio.to_thread(healthy, url)

        await self._child.start(command_line(binary, self._plan, file, port), serves, told)
        # It serves under the name that it was started with, of which ours is the end.
        self._served = OpenAICompatible(NAME, NAME, Where(f"{url}/v1"))
        await self._served.start()

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """One completion of the server."""
        if self._served is None:
            raise EngineError(f"{NAME} does not run", gone=True)
        pieces = self._served.generate(prompt)
        try:
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    async def ended(self) -> str:
        """Waits until the server has ended, and tells how."""
        return await self._child.ended()

    async def close(self) -> None:
        """Ends the server."""
        await self._forget_served()
        await self._child.stop()

    async def _forget_served(self) -> None:
        served, self._served = self._served, None
        if served is not None:
            await served.close()

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
