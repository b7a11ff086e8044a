"""Who may run on an engine, who waits, and who is turned away."""

from __future__ import annotations

import asyncio
from collections import deque

from services.inference.pace import Pace

LEAST_RETRY_S = 0.1


class Shed(Exception):
    """Turned away; it may be worth asking again after `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class Closed(Exception):
    """Nothing more is let in."""


class Admission:
    """So many run at once, so many wait in the order in which they came, the others are shed."""

    def __init__(self, concurrency: int, queue_limit: int) -> None:
        self.concurrency = concurrency
        self.queue_limit = queue_limit
        self.running = 0
        self.shed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pace = Pace()
        self._closed = False

    @property
    def queued(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    async def enter(self, deadline: float | None) -> float:
        """Waits for a lane, which `leave` gives back; returns the seconds that it waited.

        `deadline` is in seconds of the loop's clock. One that the expected wait would pass is turned away at once.

        Raises:
            Shed: when the queue is full, or there is not the time.
            Closed: when nothing more is let in.
        """
        if self._closed:
            raise Closed
        if self.running < self.concurrency:
            self.running += 1
            return 0.0
        loop = asyncio.get_running_loop()
        began = loop.time()
        expected = self._pace.expected_wait(self.queued, self.concurrency)
        if self.queued >= self.queue_limit:
            raise self._turned_away("all that may run or wait does already", expected)
        if deadline is not None and began + expected > deadline:
            raise self._turned_away("the wait would be longer than the time left", expected)
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._next()  # The lane came in the instant in which the wait was given up.
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise
        return loop.time() - began

    def leave(self, took_s: float | None = None) -> None:
        """Gives the lane to the next; `took_s` tells how long a generation takes, where it was a whole one."""
        if took_s is not None:
            self._pace.took(took_s)
        self._next()

    def close(self) -> None:
        """Lets nothing more in; those that wait are turned away."""
        self._closed = True
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(Closed())

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.running -= 1

    def _turned_away(self, message: str, expected: float) -> Shed:
        self.shed += 1
        return Shed(message, max(LEAST_RETRY_S, expected))
