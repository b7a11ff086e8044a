"""One request from when it is let in until its last event.

The work goes on in a task of its own: so it can be ended from outside at any instant, by Abort, by a deadline, by a
stop, or because the caller went away, and a slow reader does not hold the engine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from enum import Enum

from chassis.faults import DeadlineExceeded, EngineUnavailable, Fault, Internal
from services.inference.estimates import estimated
from services.inference.kept import Kept
from services.inference.metrics import FIRST_PIECE_SECONDS, GENERATIONS
from services.inference.model import Delta, Event, Failed, Finished, FinishReason, Prompt, Started, Usage
from spark.fault.v1 import reason_pb2

log = logging.getLogger(__name__)

LONGEST_TOKEN = 16
"""Characters of a token, on the average of an output: four times what is usual. A server that sends more does not heed
how much was asked for, and all of it would be read, kept and sent on."""


class Ending(Enum):
    """Why a request was ended from outside."""

    ABORTED = "aborted"
    STOPPING = "stopping"
    CALLER_GONE = "caller gone"


class Run:
    """A request under way. Before its first piece it can still fail with a fault, afterwards in its stream only."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.kept: Kept | None = None
        """The engine that has it, or in whose queue it waits."""
        self.queued_s = 0.0
        self.started = False
        self.finished = False
        self.cost_micro_usd = 0
        self.chars = 0
        self.last: Finished | None = None
        """The end of the engine's work, held back until `close`, when its cost is known."""
        self.ending: Ending | None = None
        self._began = asyncio.get_running_loop().time()
        self._events: asyncio.Queue[Event | Fault] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def events(self, work: Callable[[Run], Awaitable[None]]) -> AsyncGenerator[Event]:
        """The events as the work brings them about; closing this ends the work.

        Raises:
            Fault: when it fails before its first piece.
        """
        self._task = asyncio.create_task(self._to_its_end(work), name=f"generation {self.prompt.request_id}")
        # Not within the task: one that is cancelled before its first step never runs.
        self._task.add_done_callback(lambda task: self._ended_from_outside() if task.cancelled() else None)
        try:
            while True:
                event = await self._events.get()
                if isinstance(event, Fault):
                    raise event
                yield event
                if isinstance(event, Finished | Failed):
                    return
        finally:
            self.end(Ending.CALLER_GONE)
            await asyncio.wait([self._task])

    def end(self, ending: Ending) -> None:
        """Ends it from outside."""
        if self._task is not None and not self._task.done() and self.ending is None and not self.finished:
            self.ending = ending
            self._task.cancel()

    async def over(self) -> None:
        """Waits until the work is done."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def take(self, item: Delta | Finished) -> None:
        """A piece of the engine's, or its end; beyond what so many tokens can be, it ends here."""
        self._start()
        if isinstance(item, Finished):
            self.last = item
            return
        room = LONGEST_TOKEN * self.prompt.max_tokens - self.chars
        if len(item.text) > room:
            item, self.last = Delta(item.text[:room]), Finished(FinishReason.LENGTH, Usage())
        self.chars += len(item.text)
        if item.text:
            self._events.put_nowait(item)

    @property
    def usage(self) -> Usage:
        """What it has taken so far, by the engine's count where there is one."""
        counted = self.last is not None and self.last.usage.counted_by_engine
        usage = self.last.usage if self.last is not None and counted else estimated(self.prompt, self.chars)
        return replace(usage, cost_micro_usd=self.cost_micro_usd)

    def close(self) -> None:
        """It came to its end."""
        reason = self.last.reason if self.last is not None else FinishReason.STOP
        self._end(Finished(reason, self.usage), reason.value)

    def broke(self, fault: Fault) -> None:
        """It went wrong: with the fault itself before the first piece, in the stream after it."""
        name = reason_pb2.Reason.Name(fault.reason)
        if self.started:
            self._end(Failed(name, fault.message, self.usage), name)
        else:
            self._end(fault, name)

    def _start(self) -> None:
        if not self.started:
            self.started = True
            engine = self.kept.engine if self.kept is not None else None
            name = engine.name if engine is not None else ""
            self._events.put_nowait(Started(name, engine.model if engine is not None else "", self.queued_s))
            FIRST_PIECE_SECONDS.labels(name).observe(asyncio.get_running_loop().time() - self._began)

    def _end(self, event: Event | Fault, end: str) -> None:
        self.finished = True
        self._events.put_nowait(event)
        GENERATIONS.labels(self.kept.engine.name if self.kept is not None else "", end).inc()

    async def _to_its_end(self, work: Callable[[Run], Awaitable[None]]) -> None:
        try:
            await work(self)
        except Fault as fault:
            self.broke(fault)
        except TimeoutError:
            self.broke(DeadlineExceeded("the generation did not end in time"))
        except Exception:
            log.exception("generation failed", extra={"action": "generation_failed"})
            self.broke(Internal("an internal fault; the log has it"))

    def _ended_from_outside(self) -> None:
        if self.ending is Ending.ABORTED:
            self._start()
            self._end(Finished(FinishReason.ABORTED, self.usage), FinishReason.ABORTED.value)
        elif self.ending is Ending.CALLER_GONE:
            GENERATIONS.labels(self.kept.engine.name if self.kept is not None else "", "caller_gone").inc()
        else:
            self.broke(EngineUnavailable("Spark is stopping"))
