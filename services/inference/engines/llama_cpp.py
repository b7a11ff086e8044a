"""A GGUF file served here by llama.cpp, in a process of its own that is spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from services.inference.engines.child import Child
from services.inference.engines.llama_server import KEY_VARIABLE
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.engines.refusals import extra_missing
from services.inference.manifest import Manifest, artefact_of
from services.inference.model import Capabilities, Delta, Finished, Prompt
from services.inference.ports import EngineError

NAME = "llama_cpp"
PACKAGE = "xllamacpp"
MAGIC = b"GGUF"


@dataclass(frozen=True)
class LocalModel:
    """A model file and how it is to be served."""

    path: Path
    context: int
    concurrency: int
    threads: int = 0

    @property
    def effective_threads(self) -> int:
        """All cores but one, which is left for what answers hooks."""
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


class LlamaCpp:
    """llama.cpp's server on one file."""

    name = NAME
    kind = NAME
    hosted = False
    capabilities = Capabilities(json_schema=True)

    def __init__(self, local: LocalModel, folder: Path, manifest: Manifest) -> None:
        self.model = local.path.stem
        self._local = local
        self._folder = folder
        self._manifest = manifest
        self._child = Child(NAME, folder / f"{NAME}.log")
        self._served: OpenAICompatible | None = None

    async def start(self) -> None:
        """Starts the server on a free port.

        Raises:
            EngineError: when the package or the file is missing, or the server does not load it.
        """
        await self._forget_served()
        installed = version_of(PACKAGE)
        if installed is None:
            raise extra_missing(NAME, PACKAGE, "local-llm")
        require_gguf(self._local.path)
        self._manifest.keep(NAME, artefact_of(self._local.path, installed))
        address = self._folder / f"{NAME}.address"
        address.unlink(missing_ok=True)
        spec = {
            "model": str(self._local.path),
            "context": self._local.context,
            "concurrency": self._local.concurrency,
            "threads": self._local.effective_threads,
            "address": str(address),
        }

        async def serves() -> bool:
            return address.exists()

        key = secrets.token_urlsafe()
        told = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), KEY_VARIABLE: key}
        command = [sys.executable, "-m", "services.inference.engines.llama_server", json.dumps(spec)]
        await self._child.start(command, serves, told)
        url = f"{address.read_text(encoding='utf-8')}/v1"
        self._served = OpenAICompatible(NAME, NAME, Where(url, self.model, key))
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


def require_gguf(path: Path) -> None:
    """Makes sure that the file is a model before a process is started on it.

    Raises:
        EngineError: when it is none.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise EngineError(f"{NAME} cannot read {path}: {error.strerror}") from None
    if magic != MAGIC:
        raise EngineError(f"{path} is no GGUF file")


def version_of(package: str) -> str | None:
    """The version that is installed; None when it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
