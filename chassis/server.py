"""The wire's face: every service of this process over gRPC, with health, reflection and clear errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc.aio import Metadata, Server, ServicerContext
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from chassis.calls import CallContext
from chassis.chain import Chain, bind
from chassis.contract import Method
from chassis.faults import Fault, rich_status
from chassis.identity import HEADER, Tokens
from chassis.tracing import traceparent_or_new

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
NO_DEADLINE = 3600.0
"""Seconds that a call without a deadline of its own may take."""


class GrpcServer:
    """Listens on loopback and answers for the services given. A port of 0 takes any that is free."""

    def __init__(self, chain: Chain, tokens: Tokens) -> None:
        self._chain = chain
        self._tokens = tokens
        self._names: list[str] = []
        limits = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.so_reuseport", 0)]
        self._server: Server = grpc.aio.server(options=limits)
        self._health = HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)  # pyright: ignore[reportUnknownMemberType]

    def add(self, full_name: str, servicer: object, methods: Mapping[str, Method]) -> None:
        """Puts a service on the wire."""
        handlers = {method.name: self._handler(servicer, method) for method in methods.values()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(full_name, handlers),))
        self._names.append(full_name)

    async def start(self, address: str) -> int:
        """Begins to listen on `host:port`; returns the port.

        Raises:
            OSError: when the port is taken.
        """
        names: Sequence[str] = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address} for gRPC: {error}") from error
        await self._server.start()
        return port

    async def serving(self, *, ready: bool) -> None:
        """Says over the health service whether the services answer."""
        status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, status)

    async def stop(self, grace: float) -> None:
        """Takes no new calls and ends those running after `grace` seconds."""
        await self._server.stop(grace)

    def _handler(self, servicer: object, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
        handler = bind(servicer, method)

        async def unary(request: Message, context: ServicerContext[Any, Any]) -> Message:
            try:
                return await self._chain.unary(handler, request, self._incoming(method, context))
            except Fault as fault:
                await refuse(context, fault)
                raise AssertionError("unreachable") from fault

        async def stream(request: Message, context: ServicerContext[Any, Any]) -> AsyncIterator[Message]:
            try:
                async for item in self._chain.stream(handler, request, self._incoming(method, context)):
                    yield item
            except Fault as fault:
                await refuse(context, fault)

        shape = grpc.unary_stream_rpc_method_handler if method.streams else grpc.unary_unary_rpc_method_handler
        face: Any = stream if method.streams else unary
        return shape(face, method.request.FromString, lambda message: message.SerializeToString())

    def _incoming(self, method: Method, context: ServicerContext[Any, Any]) -> CallContext:
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        workspace = self._tokens.workspace(metadata.get(HEADER))
        deadline = asyncio.get_running_loop().time() + min(context.time_remaining() or NO_DEADLINE, NO_DEADLINE)
        return CallContext(method.path, workspace, traceparent_or_new(metadata.get("traceparent", "")), deadline)


async def refuse(context: ServicerContext[Any, Any], fault: Fault) -> None:
    """Ends a call with the fault's status and its details in the trailer."""
    await context.abort(fault.status, fault.message, Metadata(("grpc-status-details-bin", rich_status(fault))))
