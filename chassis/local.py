"""Calls within the process: a channel whose other end is a servicer here, with the wire's own promises.

The message is copied through its serialised form, so that no caller ever shares state with a callee, and errors are
those that a grpc.aio channel raises.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from google.protobuf.message import Message
from grpc.aio import AioRpcError, Metadata

from chassis.calls import outgoing
from chassis.chain import Chain, bind
from chassis.contract import Method
from chassis.faults import Fault, rich_status

Serialise = Callable[[Message], bytes]
Deserialise = Callable[[bytes], Message]


class LocalChannel:
    """Stands where a grpc.aio.Channel stands in a generated stub."""

    def __init__(self, servicer: object, methods: Mapping[str, Method], chain: Chain) -> None:
        self._servicer = servicer
        self._methods = methods
        self._chain = chain

    def unary_unary(
        self, path: str, request_serializer: Serialise, response_deserializer: Deserialise, **_: object
    ) -> Callable[..., Any]:
        """The callable that a stub keeps for a unary method."""
        method = self._methods[path]
        handler = bind(self._servicer, method)

        async def invoke(request: Message, *, timeout: float | None = None, **_: object) -> Message:
            call = outgoing(path, timeout, streams=False)
            try:
                answer = await self._chain.unary(handler, method.request.FromString(request_serializer(request)), call)
            except Fault as fault:
                raise rpc_error(fault) from fault
            return response_deserializer(answer.SerializeToString())

        return invoke

    def unary_stream(
        self, path: str, request_serializer: Serialise, response_deserializer: Deserialise, **_: object
    ) -> Callable[..., Any]:
        """The callable that a stub keeps for a server stream."""
        method = self._methods[path]
        handler = bind(self._servicer, method)

        async def invoke(request: Message, *, timeout: float | None = None, **_: object) -> AsyncGenerator[Message]:
            call = outgoing(path, timeout, streams=True)
            items = self._chain.stream(handler, method.request.FromString(request_serializer(request)), call)
            try:
                async with aclosing(items):
                    async for item in items:
                        yield response_deserializer(item.SerializeToString())
            except Fault as fault:
                raise rpc_error(fault) from fault

        return invoke


def rpc_error(fault: Fault) -> AioRpcError:
    """The error that a grpc.aio channel would raise for this fault."""
    trailing = Metadata(("grpc-status-details-bin", rich_status(fault)))
    return AioRpcError(fault.status, Metadata(), trailing, fault.message)
