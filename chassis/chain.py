"""What happens around every call, in one chain that both adapters run: over the wire and within the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from google.protobuf.message import Message

from chassis.calls import CallContext, current_call
from chassis.contract import Method
from chassis.faults import DeadlineExceeded, Fault, Internal

log = logging.getLogger(__name__)

Interceptor = Callable[[CallContext, Message], AbstractContextManager[None]]


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
        token = current_call.set(call)
        try:
            with ExitStack() as around:
                for interceptor in self._interceptors:
                    around.enter_context(interceptor(call, request))
                if call.deadline is None:
                    return await handler(request, call)
                async with asyncio.timeout_at(call.deadline):
                    return await handler(request, call)
        except Exception as error:
            raise as_fault(error, call) from error
        finally:
            current_call.reset(token)

    async def stream(
        self, handler: Callable[[Any, CallContext], AsyncIterator[Message]], request: Message, call: CallContext
    ) -> AsyncIterator[Message]:
        """Answers one request with messages one by one; the reader's pace is the writer's.

        Raises:
            Fault: whatever went wrong, after the messages already sent.
        """
        items = handler(request, call)
        try:
            with ExitStack() as around:
                for interceptor in self._interceptors:
                    around.enter_context(interceptor(call, request))
                while True:
                    # Between items the reader's own context must stand, so the call is present only while one is made.
                    token = current_call.set(call)
                    try:
                        async with asyncio.timeout_at(call.deadline):
                            item = await anext(items)
                    except StopAsyncIteration:
                        return
                    finally:
                        current_call.reset(token)
                    yield item
        except Exception as error:
            raise as_fault(error, call) from error
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()


def as_fault(error: Exception, call: CallContext) -> Fault:
    """The fault that the caller may see of an exception."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, TimeoutError):
        return DeadlineExceeded(f"{call.method} did not finish in time")
    log.exception("call failed", extra={"action": "call_failed", "method": call.method}, exc_info=error)
    return Internal("an internal fault; the log has it under this trace", trace_id=call.traceparent)


def bind(servicer: object, method: Method) -> Callable[[Any, CallContext], Any]:
    """The servicer's handler of an rpc.

    Raises:
        TypeError: when the servicer lacks it.
    """
    handler = getattr(servicer, method.name, None)
    if not callable(handler):
        raise TypeError(f"{type(servicer).__name__} has no method {method.name} for {method.path}")
    return handler
