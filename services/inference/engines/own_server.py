"""A server of our own as an engine: a child of this process, spoken to as any OpenAI-compatible server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from pathlib import Path

from services.inference.engines.child import Child
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.model import Capabilities, Delta, Finished, Prompt
from services.inference.ports import EngineError


class OwnServer(ABC):
    """One server on loopback that lives and ends with its engine; which program that is, a subclass says."""

    hosted = False
    capabilities = Capabilities(json_schema=True)

    def __init__(self, name: str, model: str, folder: Path) -> None:
        """`name` is that of the kind too; `folder` takes the server's log."""
        self.name = self.kind = name
        self.model = model
        self._child = Child(name, folder / f"{name}.log")
        self._served: OpenAICompatible | None = None

    @abstractmethod
    async def _serve(self) -> Where:
        """Starts the child; returns once it serves, with how it is reached.

        Raises:
            EngineError: when what it needs is missing, or it does not come up.
        """

    async def start(self) -> None:
        """Starts the server; one that ran before is ended.

        Raises:
            EngineError: when what it needs is missing, or it does not come up.
        """
        await self._forget_served()
        self._served = OpenAICompatible(self.name, self.kind, await self._serve())
        await self._served.start()

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta | Finished]:
        """One completion of the server."""
        if self._served is None:
            raise EngineError(f"{self.name} does not run", gone=True)
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
