"""Words for advice: a model's where it holds to the facts and is in time, else the deterministic ones.

Equal requests at one time are one request to the engine. It goes on for its full time even where those who asked have
less: what it finds then serves the next who asks. What a model wrote is kept for 120 s, and so is that what it wrote
could not stand: asked again at once it would cost again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import Enum

from chassis.faults import Fault, Unsupported
from chassis.identifiers import new_ulid
from services.inference import wording
from services.inference.answer_settings import CACHE_ENTRIES, CACHE_SECONDS, SYNTH_CHARS
from services.inference.answers import NOTHING
from services.inference.model import Prompt, Usage
from services.inference.spending import purpose
from services.inference.voice import Generates, Utterance, listen
from services.inference.word_cache import WordCache
from spark.fault.v1 import reason_pb2

log = logging.getLogger(__name__)

TIMEOUT_S = 1.8
"""As in the original system, whose bounds were 1.5 and 2.0 s."""
MARGIN_S = 0.05
"""The words are given so long before the caller's deadline."""
GRACE_S = 0.5
"""An engine is told that it has so much longer: it is stopped here, and not to break off at the same moment."""

NO_ENGINE, LATE, BUDGET, OVERLOADED = "no_engine", "late", "budget", "overloaded"
WHY = {
    reason_pb2.REASON_DEADLINE_EXCEEDED: LATE,
    reason_pb2.REASON_BUDGET_EXHAUSTED: BUDGET,
    reason_pb2.REASON_OVERLOADED: OVERLOADED,
}


class Mode(Enum):
    """Who words advice; the values are those of the setting `synthesizer.mode`."""

    PROGRAMMATIC = "programmatic"
    AUTO = "auto"
    AI_ONLY = "ai_only"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words; empty only where a model was asked for alone and could give none."""

    text: str
    by_model: bool = False
    engine: str = ""
    kept_because: str = ""
    """no_engine, late, budget, invented, unusable or overloaded; empty where a model wrote or none was to."""
    cached: bool = False
    spent: Usage = NOTHING


Key = tuple[str, tuple[str, ...], int, str]
"""Text, facts, longest output, model."""


class Synthesizer:
    """Words advice. One for a process: the cache is shared by all who ask."""

    def __init__(
        self,
        generates: Generates,
        mode: Mode = Mode.PROGRAMMATIC,
        timeout_s: float = TIMEOUT_S,
        serving: Callable[[], str] = str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`mode` counts where a request says none; `serving` names the model that would be asked now."""
        self._generates = generates
        self._mode = mode
        self._timeout = timeout_s
        self._serving = serving
        self._cache: WordCache[Key, Wording] = WordCache(CACHE_SECONDS, CACHE_ENTRIES, now)
        self._at_work: dict[Key, asyncio.Task[Wording]] = {}

    async def words(
        self,
        text: str,
        facts: Sequence[str],
        mode: Mode | None = None,
        max_chars: int = 0,
        deadline: float | None = None,
    ) -> Wording:
        """The words for facts, of which `text` are the deterministic ones; at most `max_chars` of a model's, 0 means
        500. `deadline` is on the loop's clock. It never fails, and is never later than that and 1.8 s.
        """
        chosen = mode or self._mode
        if chosen is Mode.PROGRAMMATIC:
            return Wording(text)
        found = await self._found((text, tuple(facts), max_chars or SYNTH_CHARS, self._serving()), deadline)
        if found.by_model or chosen is Mode.AI_ONLY:
            return found
        return replace(found, text=text)

    async def close(self) -> None:
        """Ends what is at work."""
        at_work = list(self._at_work.values())
        for task in at_work:
            task.cancel()
        if at_work:
            await asyncio.wait(at_work)

    async def _found(self, key: Key, deadline: float | None) -> Wording:
        kept = self._cache.get(key)
        if kept is not None:
            return replace(kept, cached=True, spent=NOTHING)
        if not self._generates.has_model:
            return Wording("", kept_because=NO_ENGINE)
        task = self._at_work.get(key)
        joined = task is not None
        if task is None:
            task = self._at_work[key] = asyncio.create_task(self._asked(key), name="synthesis")
            task.add_done_callback(lambda _: self._at_work.pop(key, None))
        # The task ends by itself after its time, unless an engine is slow to let go.
        left = self._timeout + MARGIN_S
        if deadline is not None:
            left = min(left, deadline - MARGIN_S - asyncio.get_running_loop().time())
        await asyncio.wait({task}, timeout=max(0.0, left))
        if not task.done() or task.cancelled():
            return Wording("", kept_because=LATE)
        # What it took is told to one of those who asked.
        return replace(task.result(), spent=NOTHING) if joined else task.result()

    async def _asked(self, key: Key) -> Wording:
        purpose.set("synthesis")
        text, facts, max_chars, _ = key
        said = Utterance()
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    await self._listen(key, wording.SCHEMA, said)
                except Unsupported:
                    await self._listen(key, "", said)
        except TimeoutError:
            return Wording("", engine=said.engine, kept_because=LATE)
        except Fault as fault:
            return Wording("", engine=said.engine, kept_because=WHY.get(fault.reason, NO_ENGINE))
        except Exception:
            log.exception("wording failed", extra={"action": "synthesis_failed"})
            return Wording("", engine=said.engine, kept_because=NO_ENGINE)
        words, because = wording.accepted(said.text, text, facts, max_chars)
        found = Wording(words, bool(words), said.engine, because, spent=said.usage)
        self._cache.put(key, found)
        return found

    async def _listen(self, key: Key, schema: str, said: Utterance) -> None:
        text, facts, max_chars, _ = key
        prompt = Prompt(
            new_ulid(), wording.messages(text, facts), wording.tokens(max_chars), temperature=0.0, json_schema=schema
        )
        deadline = asyncio.get_running_loop().time() + self._timeout + GRACE_S
        pieces: AsyncGenerator[str] = listen(self._generates, prompt, "", deadline, said)
        async with aclosing(pieces):
            async for _ in pieces:
                pass
