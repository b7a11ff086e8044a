"""The context of one call, the same whether it came over the wire or from this process."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, replace

from chassis.faults import Internal


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

    def within(self, seconds: float) -> CallContext:
        """The same call with a deadline no later than `seconds` from now."""
        deadline = asyncio.get_running_loop().time() + seconds
        if self.deadline is not None:
            deadline = min(deadline, self.deadline)
        return replace(self, deadline=deadline)


current_call: ContextVar[CallContext | None] = ContextVar("current_call", default=None)


def present_call() -> CallContext:
    """The call that this task serves.

    Raises:
        Internal: outside any call; identity is never guessed.
    """
    call = current_call.get()
    if call is None:
        raise Internal("a call went out without an identity")
    return call
