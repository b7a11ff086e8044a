"""One engine and what keeps it ready: started, warmed, passed over when it fails, and warmed again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextlib import aclosing
from dataclasses import dataclass

from chassis.breaker import Breaker, Circuit
from services.inference.admission import Admission
from services.inference.metrics import LOAD_SECONDS, RUNNING, STATE, WAITING
from services.inference.model import Finished, Message, Prompt, Role, State
from services.inference.ports import Engine, EngineError, Mortal

log = logging.getLogger(__name__)

WARM_UP = Prompt("warm-up", (Message(Role.USER, "Say ok."),), max_tokens=4)


@dataclass(frozen=True)
class Limits:
    """What one engine is given."""

    concurrency: int = 4
    queue: int = 16
    start_within_s: float = 120.0


class Kept:
    """An engine with its state. A lazy one is loaded once somebody wants it."""

    def __init__(self, engine: Engine, limits: Limits, *, lazy: bool = False, breaker: Breaker | None = None) -> None:
        self.engine = engine
        self.admission = Admission(limits.concurrency, limits.queue)
        self.breaker = breaker or Breaker()
        self.state = State.STARTING
        self.detail = "is loaded at its first use" if lazy else ""
        self.load_seconds = 0.0
        self._lazy = lazy
        self._start_within = limits.start_within_s
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        RUNNING.labels(engine.name).set_function(lambda: self.admission.running)
        WAITING.labels(engine.name).set_function(lambda: self.admission.queued)
        if not lazy:
            self._wanted.set()

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return self.state is State.READY

    @property
    def coming(self) -> bool:
        """Whether it is loaded for whoever asks: at its first use, or just now. Who comes meanwhile may wait for it."""
        return self._lazy and self.state in {State.STARTING, State.WARMING}

    def begin(self) -> None:
        """Starts it in the background; nobody waits for that."""
        self._keeping = asyncio.create_task(self._keep(), name=f"engine {self.engine.name}")

    def want(self) -> None:
        """Loads it if it waits for its first use."""
        if not self._wanted.is_set():
            self.detail = ""
            self._wanted.set()

    async def settled(self) -> None:
        """Waits until it is ready, or has failed to become so."""
        await self._settled.wait()

    def succeeded(self) -> None:
        """A generation came to its end."""
        self.breaker.succeeded()

    def failed(self, error: EngineError) -> None:
        """A generation failed; one that the engine turned away, or refused for what it asks, is no failure of its."""
        if error.overloaded or not error.transient:
            return
        now = asyncio.get_running_loop().time()
        if error.gone:
            self.breaker.trip(now)
        else:
            self.breaker.failed(now)
        if self.breaker.circuit is not Circuit.CLOSED and self.ready:
            self._become(State.DEGRADED, error.message)
            self._lost.set()

    def drain(self) -> None:
        """Takes nothing new, and turns those away that wait."""
        self._become(State.DRAINING, "Spark is stopping")
        self._settled.set()
        self.admission.close()

    async def close(self) -> None:
        """Ends the engine."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        await self.engine.close()

    async def _keep(self) -> None:
        await self._wanted.wait()
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._bring_up()
            except EngineError as error:
                self.breaker.trip(loop.time())  # At the first start there is no trial that could fail.
                self.breaker.trial_failed(loop.time())
                self._become(State.DEGRADED, error.message)
            else:
                self.breaker.trial_succeeded()
                self._lost.clear()
                self._become(State.READY, "")
                self._settled.set()
                why = await self._until_lost()
                self.breaker.trip(loop.time())
                self._become(State.DEGRADED, why)
            self._settled.set()
            due = self.breaker.trial_at
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.breaker.begin_trial(max(due, loop.time()))  # A timer may go off an instant before its time.

    async def _bring_up(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._start_within):
                await self.engine.start()
                if self.state is State.STARTING:
                    self._become(State.WARMING, "")
                await warmed(self.engine)
        except TimeoutError:
            raise EngineError(f"{self.engine.name} is not warm within {self._start_within:g} s") from None
        except EngineError:
            raise
        except Exception as error:
            log.exception("engine failed", extra={"action": "engine_failed", "engine": self.engine.name})
            raise EngineError(f"{self.engine.name} failed ({type(error).__name__})") from None
        self.load_seconds = loop.time() - began
        LOAD_SECONDS.labels(self.engine.model).set(self.load_seconds)

    async def _until_lost(self) -> str:
        waits = [asyncio.create_task(self._lost.wait())]
        ended: asyncio.Task[str] | None = None
        if isinstance(self.engine, Mortal):
            ended = asyncio.create_task(self.engine.ended())
        try:
            await asyncio.wait([*waits, *([ended] if ended else [])], return_when=asyncio.FIRST_COMPLETED)
            return ended.result() if ended is not None and ended.done() else self.detail
        finally:
            for each in (*waits, ended):
                if each is not None:
                    each.cancel()
            await asyncio.gather(*waits, *([ended] if ended else []), return_exceptions=True)

    def _become(self, state: State, detail: str) -> None:
        if self.state is State.DRAINING:
            return
        if (state, detail) != (self.state, self.detail):
            told = {"action": "engine_state", "engine": self.engine.name, "state": state.value, "reason": detail}
            log.log(logging.WARNING if state is State.DEGRADED else logging.INFO, "engine state", extra=told)
        self.state, self.detail = state, detail
        STATE.labels(self.engine.name).set(state is State.READY)


async def warmed(engine: Engine) -> None:
    """Takes the engine through one short generation.

    Raises:
        EngineError: when it does not come to its end.
    """
    async with aclosing(engine.generate(WARM_UP)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Finished):
                return
    raise EngineError(f"{engine.name} did not end its warm-up")
