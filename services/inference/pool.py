"""All engines behind one call: the first in the order of preference that can serve, and the next where it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from chassis.faults import (
    BudgetExhausted,
    EngineUnavailable,
    Fault,
    InvalidArgument,
    NotFound,
    Overloaded,
    StoreUnavailable,
    Unsupported,
)
from services.inference.admission import Closed, Shed
from services.inference.engines import template
from services.inference.kept import Kept
from services.inference.metrics import SHED
from services.inference.model import Event, Prompt
from services.inference.pace import due
from services.inference.ports import EngineError, Reservation, Spending
from services.inference.retry_budget import RetryBudget
from services.inference.run import Ending, Run


class Pool:
    """The engines in the order of preference."""

    def __init__(
        self,
        kept: Sequence[Kept],
        timeout_s: float,
        spending: Spending | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        self.kept = tuple(kept)
        self._timeout = timeout_s
        self._spending = spending
        self._budget = budget or RetryBudget()
        self._runs: dict[str, Run] = {}
        self._draining = False

    @property
    def serving(self) -> str:
        """The model that would be asked now; empty where there is none."""
        return next((kept.engine.model for kept in self.kept if self._has_model(kept)), "")

    @property
    def has_model(self) -> bool:
        """Whether an engine with a model is ready, or would be loaded for whoever asks."""
        return any(self._has_model(kept) for kept in self.kept)

    @staticmethod
    def _has_model(kept: Kept) -> bool:
        return (kept.ready or kept.coming) and not is_template(kept)

    def begin(self) -> None:
        """Starts all engines in the background."""
        for kept in self.kept:
            kept.begin()

    async def generate(
        self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None
    ) -> AsyncGenerator[Event]:
        """One completion: `Started`, then `Delta`s, then `Finished` or `Failed`. Closing it ends the work.

        Raises:
            Fault: EngineUnavailable, NotFound, Overloaded, Unsupported, BudgetExhausted, DeadlineExceeded or
                InvalidArgument, before the first event.
        """
        if self._draining:
            raise EngineUnavailable("Spark is stopping")
        candidates = self._candidates(prompt, engine)
        if prompt.request_id in self._runs:
            raise InvalidArgument("a generation with this id is under way", [("request_id", "is in use")])
        deadline = None if caller_deadline is None else due(asyncio.get_running_loop().time(), caller_deadline)
        run = self._runs[prompt.request_id] = Run(prompt)
        self._budget.earn()

        async def work(run: Run) -> None:
            async with asyncio.timeout_at(deadline):
                await self._through(run, candidates, deadline)

        try:
            async with aclosing(run.events(work)) as events:
                async for event in events:
                    yield event
        finally:
            del self._runs[prompt.request_id]

    def abort(self, request_id: str) -> None:
        """Ends a generation; its stream ends with `Finished`, aborted.

        Raises:
            NotFound: when none of this id is under way.
        """
        run = self._runs.get(request_id)
        if run is None or run.finished:
            raise NotFound("no generation with this id is under way", kind="generation", id=request_id)
        run.end(Ending.ABORTED)

    async def drain(self, grace_s: float) -> None:
        """Takes nothing new, lets what runs come to its end for so long, and ends the engines."""
        self._draining = True
        for kept in self.kept:
            kept.drain()
        if self._runs:
            await asyncio.wait([asyncio.ensure_future(run.over()) for run in self._runs.values()], timeout=grace_s)
        for run in list(self._runs.values()):
            run.end(Ending.STOPPING)
            await run.over()
        await asyncio.gather(*(kept.close() for kept in self.kept))

    def _candidates(self, prompt: Prompt, engine: str) -> list[Kept]:
        found = [kept for kept in self.kept if not engine or kept.engine.name == engine]
        if not found:
            raise NotFound(f"there is no engine {engine!r} here", kind="engine", id=engine)
        if prompt.json_schema:
            found = [kept for kept in found if kept.engine.capabilities.json_schema]
            if not found:
                raise Unsupported("no engine here obeys a JSON schema", capability="json_schema")
        return found

    async def _through(self, run: Run, candidates: Sequence[Kept], deadline: float | None) -> None:
        await awakened(candidates)
        trouble: Fault | None = None
        failed = False
        for kept in candidates:
            if not kept.ready or (is_template(kept) and trouble is not None):
                continue  # Words that say that no engine is there would be no answer to a request that one broke.
            if failed and not self._budget.take():
                break
            try:
                await self._attempt(run, kept, deadline)
            except Shed as shed:
                SHED.labels(kept.engine.name).inc()
                retry_after = str(round(1000 * shed.retry_after_s))
                trouble = Overloaded(f"{kept.engine.name}: {shed.message}", retry_after_ms=retry_after)
            except (BudgetExhausted, StoreUnavailable) as fault:
                trouble = fault  # What is one's own costs nothing and may still serve.
            except Closed:
                raise EngineUnavailable("Spark is stopping") from None
            except EngineError as error:
                if not error.transient and not run.started:
                    raise InvalidArgument(error.message) from None
                trouble, failed = fault_of(kept, error), True
                if run.started:
                    raise trouble from None
            else:
                return
        raise trouble or EngineUnavailable(standing(candidates))

    async def _attempt(self, run: Run, kept: Kept, deadline: float | None) -> None:
        run.kept = kept
        loop = asyncio.get_running_loop()
        turn = loop.time() + self._timeout
        turn = turn if deadline is None else min(turn, deadline)
        async with asyncio.timeout_at(turn):
            run.queued_s = await kept.admission.enter(turn)
        began, took = loop.time(), None
        held: Reservation | None = None
        try:
            if self._spending is not None and not is_template(kept):
                async with asyncio.timeout_at(turn):
                    held = await self._spending.reserve(kept.engine, run.prompt)
            await self._generated(run, kept)
            took = loop.time() - began
            kept.succeeded()
        except EngineError as error:
            kept.failed(error)
            raise
        except (TimeoutError, asyncio.CancelledError):
            if run.ending is None:
                took = loop.time() - began  # Cut short: it would have taken longer still.
            raise
        finally:
            kept.admission.leave(took)
            if held is not None:
                run.cost_micro_usd += await held.settle(run.usage)
        run.close()

    async def _generated(self, run: Run, kept: Kept) -> None:
        # The engine's time begins here: what was waited for until its turn is no failure of its.
        try:
            async with asyncio.timeout(self._timeout), aclosing(kept.engine.generate(run.prompt)) as items:
                async for item in items:
                    run.take(item)
                    if run.last is not None:
                        break
        except TimeoutError:
            kept.failed(EngineError(f"{kept.engine.name} took longer than {self._timeout:g} s"))
            raise
        if run.last is None:
            raise EngineError(f"{kept.engine.name} broke off in the middle", gone=True)


async def awakened(candidates: Sequence[Kept]) -> None:
    """Loads those that are loaded at their first use; waits for them in turn where nothing else can serve."""
    coming: list[Kept] = []
    for kept in candidates:
        if kept.ready and not is_template(kept):
            return
        if kept.coming:
            kept.want()
            coming.append(kept)
    for kept in coming:
        await kept.settled()
        if kept.ready:
            return


def is_template(kept: Kept) -> bool:
    """Whether it is the engine that only says that there is none."""
    return kept.engine.kind == template.NAME


def standing(candidates: Iterable[Kept]) -> str:
    """Why none of these can serve."""
    told = ((f"{kept.engine.name} is {kept.state.value}", kept.detail) for kept in candidates)
    return "no engine is ready: " + "; ".join(f"{state} ({why})" if why else state for state, why in told)


def fault_of(kept: Kept, error: EngineError) -> Fault:
    """What a caller is told of an engine's error."""
    if error.overloaded:
        return Overloaded(error.message, engine=kept.engine.name)
    return EngineUnavailable(error.message, engine=kept.engine.name)
