"""A voice that speaks in a task of its own: what it has said can be read meanwhile, and it can be left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from chassis.faults import Fault, Internal, Unsupported
from chassis.identifiers import new_ulid
from services.inference.model import Message, Prompt
from services.inference.speech import SCHEMA, Speech, read
from services.inference.spending import purpose
from services.inference.voice import Generates, Utterance, listen

log = logging.getLogger(__name__)

Ask = Callable[[bool], tuple[Message, ...]]
"""The messages of a prompt; told whether the engine is held to the schema."""


class Speaking:
    """One voice at work until it is done, broken, or left."""

    def __init__(
        self, generates: Generates, ask: Ask, *, engine: str, tokens: int, until: float, asked_for: str
    ) -> None:
        """`until` is on the loop's clock; `asked_for` names the purpose in the books."""
        self.utterance = Utterance()
        self.fault: Fault | None = None
        self._generates = generates
        self._ask = ask
        self._engine = engine
        self._tokens = tokens
        self._until = until
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._speak(asked_for), name=f"voice {asked_for}")

    @property
    def speech(self) -> Speech:
        """What it has said so far."""
        return read(self.utterance.text, whole=self.utterance.complete)

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.task.done()

    async def more(self, until: float) -> bool:
        """Waits until it has said more, or is over; False when the time came first."""
        if self.over:
            return True
        self._news.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Stops listening, which ends the engine's work. Nobody waits for the end of it."""
        self.task.cancel()

    async def _speak(self, asked_for: str) -> None:
        purpose.set(asked_for)
        try:
            try:
                await self._listen(structured=True)
            except Unsupported:
                await self._listen(structured=False)
        except Fault as fault:
            self.fault = fault
        except Exception:
            log.exception("a voice failed", extra={"action": "voice_failed"})
            self.fault = Internal("an internal fault; the log has it")
        finally:
            self._news.set()

    async def _listen(self, *, structured: bool) -> None:
        prompt = Prompt(new_ulid(), self._ask(structured), self._tokens, json_schema=SCHEMA if structured else "")
        pieces = listen(self._generates, prompt, self._engine, self._until, self.utterance)
        async with aclosing(pieces):
            async for _ in pieces:
                self._news.set()
