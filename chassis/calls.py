"""The context of one call, the same whether it came over the wire or from this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar, cast

from chassis.faults import DeadlineExceeded, Internal

Item = TypeVar("Item")

DEFAULT_SECONDS = 5.0
"""Patience of a call for one answer that has no deadline of its own; a stream without one may run for ever."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """Who calls, until when, and as part of which trace."""

    method: str
    workspace_id: str
    traceparent: str = ""
    deadline: float | None = None
    """In seconds of the running loop's clock; None waits for ever."""

    def remaining(self) -> float | None:
        """Seconds left, never below zero; None without a deadline."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    def patience(self, seconds: float, share: float) -> float:
        """Seconds for a part that can be left out: no more than `seconds`, nor than that share of what is left."""
        left = self.remaining()
        return seconds if left is None else min(seconds, share * left)

    def require_time(self) -> None:
        """Makes sure that there is time left.

        Raises:
            DeadlineExceeded: when there is none.
        """
        if self.remaining() == 0:
            raise DeadlineExceeded(f"{self.method} did not finish in time")

    def traced(self, traceparent: str) -> CallContext:
        """The same call within another span."""
        return CallContext(self.method, self.workspace_id, traceparent, self.deadline)

    def within(self, seconds: float) -> CallContext:
        """The same call with a deadline no later than `seconds` from now."""
        deadline = asyncio.get_running_loop().time() + seconds
        if self.deadline is not None:
            deadline = min(deadline, self.deadline)
        return CallContext(self.method, self.workspace_id, self.traceparent, deadline)


current_call: ContextVar[CallContext | None] = ContextVar("current_call", default=None)


current_trace: ContextVar[str] = ContextVar("current_trace", default="")
"""The trace context of what a task is about where it serves no call: an event in hand."""


def present_trace() -> str:
    """The trace context of the call that this task serves, or of the event that it handles; empty without either."""
    call = current_call.get()
    return call.traceparent if call is not None else current_trace.get()


def present_call() -> CallContext:
    """The call that this task serves.

    Raises:
        Internal: outside any call; identity is never guessed.
    """
    call = current_call.get()
    if call is None:
        raise Internal("a call went out without an identity")
    return call


def outgoing(method: str, timeout: float | None, *, streams: bool) -> CallContext:
    """A call made while serving another: its identity, its trace, its deadline or an earlier one.

    Raises:
        Internal: outside any call.
    """
    serving = present_call()
    call = CallContext(method, serving.workspace_id, serving.traceparent, serving.deadline)
    if timeout is None and call.deadline is None and not streams:
        timeout = DEFAULT_SECONDS
    return call if timeout is None else call.within(timeout)


def replies(stream: AsyncIterable[Item]) -> AsyncGenerator[Item]:
    """The answers of a call with many, to be closed by whoever stops reading: the work behind them ends with that."""
    # Both kinds of channel give a generator where the stub's type promises a call.
    return cast("AsyncGenerator[Item]", stream)
