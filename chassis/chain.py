"""What happens around every call, in one chain that both adapters run: over the wire and within the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from contextvars import ContextVar
from typing import Any, TypeVar

from google.protobuf.message import Message
from grpc.aio import AioRpcError

from chassis.calls import CallContext, current_call
from chassis.contract import Method
from chassis.faults import DeadlineExceeded, Fault, Internal, received
from chassis.tracing import trace_id

log = logging.getLogger(__name__)

Interceptor = Callable[[CallContext, Message], AbstractContextManager[CallContext | None]]
"""Around a call; gives the call as it goes on within, or None to leave it as it is."""
Step = TypeVar("Step")

cut_short_at: ContextVar[float | None] = ContextVar("cut_short_at", default=None)
"""The deadline at which the present task is cut short already."""


class Chain:
    """Runs a servicer's method inside the interceptors, first one outermost.

    Whatever a method raises leaves as a Fault: what is not one already becomes Internal, its text kept in the log.
    """

    def __init__(self, interceptors: Sequence[Interceptor]) -> None:
        self._interceptors = tuple(interceptors)

    async def unary(
        self, handler: Callable[[Any, CallContext], Awaitable[Message]], request: Message, call: CallContext
    ) -> Message:
        """Answers one request with one message.

        Raises:
            Fault: whatever went wrong.
        """
        try:
            return await self._within(0, handler, request, call)
        except Exception as error:
            raise as_fault(error, call) from error

    async def _within(
        self, depth: int, handler: Callable[[Any, CallContext], Awaitable[Message]], request: Message, call: CallContext
    ) -> Message:
        # On the path of every hook, where an ExitStack would cost as much as all that it holds.
        if depth < len(self._interceptors):
            with self._interceptors[depth](call, request) as onward:
                return await self._within(depth + 1, handler, request, onward or call)
        if call.deadline is not None and call.deadline == cut_short_at.get():
            # Whoever made this call is cut short at the same instant, and this with it.
            return await present(call, handler(request, call))
        async with in_time(call):
            token = cut_short_at.set(call.deadline)
            try:
                return await present(call, handler(request, call))
            finally:
                cut_short_at.reset(token)

    async def stream(
        self, handler: Callable[[Any, CallContext], AsyncGenerator[Message]], request: Message, call: CallContext
    ) -> AsyncGenerator[Message]:
        """Answers one request with messages one by one; the reader's pace is the writer's.

        Raises:
            Fault: whatever went wrong, after the messages already sent.
        """
        try:
            with ExitStack() as around:
                for interceptor in self._interceptors:
                    call = around.enter_context(interceptor(call, request)) or call
                items = handler(request, call)
                try:
                    while True:
                        try:
                            async with in_time(call):
                                item = await present(call, anext(items))
                        except StopAsyncIteration:
                            return
                        yield item
                finally:
                    await present(call, items.aclose())
        except Exception as error:
            raise as_fault(error, call) from error


async def present(call: CallContext, step: Awaitable[Step]) -> Step:
    """Takes one step of a servicer with its call present; between steps of a stream the reader's own call stands."""
    token = current_call.set(call)
    try:
        return await step
    finally:
        current_call.reset(token)


def in_time(call: CallContext) -> asyncio.Timeout:
    """Cuts the block short at the deadline of the call.

    Raises:
        DeadlineExceeded: when that has passed already; a servicer that never waits could not be cut short.
    """
    call.require_time()
    return asyncio.timeout_at(call.deadline)


def as_fault(error: Exception, call: CallContext) -> Fault:
    """The fault that the caller may see of an exception."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, AioRpcError):
        return received(error)
    if isinstance(error, TimeoutError):
        return DeadlineExceeded(f"{call.method} did not finish in time")
    trace = trace_id(call.traceparent)
    log.exception(
        "call failed", extra={"action": "call_failed", "method": call.method, "trace_id": trace}, exc_info=error
    )
    return Internal("an internal fault; the log has it under this trace", trace_id=trace)


def bind(servicer: object, method: Method) -> Callable[[Any, CallContext], Any]:
    """The servicer's handler of an rpc.

    Raises:
        TypeError: when the servicer lacks it.
    """
    handler = getattr(servicer, method.name, None)
    if not callable(handler):
        raise TypeError(f"{type(servicer).__name__} has no method {method.name} for {method.path}")
    return handler
