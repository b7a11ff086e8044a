"""A GGUF file served here by llama.cpp, in a process of its own that is spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from services.inference.engines.llama_server import KEY_VARIABLE
from services.inference.engines.openai_compatible import Where
from services.inference.engines.own_server import OwnServer
from services.inference.engines.refusals import extra_missing
from services.inference.manifest import Manifest, artefact_of
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


class LlamaCpp(OwnServer):
    """llama.cpp's server on one file."""

    def __init__(self, local: LocalModel, folder: Path, manifest: Manifest) -> None:
        super().__init__(NAME, local.path.stem, folder)
        self._local = local
        self._address = folder / f"{NAME}.address"
        self._manifest = manifest

    async def _serve(self) -> Where:
        # Disks may be slow: not in the loop that answers hooks.
        await asyncio.to_thread(self._prepare)
        address = self._address
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
        return Where(f"{address.read_text(encoding='utf-8')}/v1", self.model, key)

    def _prepare(self) -> None:
        installed = version_of(PACKAGE)
        if installed is None:
            raise extra_missing(NAME, PACKAGE, "local-llm")
        require_gguf(self._local.path)
        self._manifest.keep(NAME, artefact_of(self._local.path, installed))
        self._address.unlink(missing_ok=True)


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
