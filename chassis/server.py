"""The wire's face: every service of this process over gRPC, with health, reflection and clear errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import grpc
from google.protobuf.message import DecodeError, Message
from grpc.aio import Server, ServicerContext
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from chassis.calls import CallContext
from chassis.chain import Chain, bind
from chassis.contract import MAX_MESSAGE_BYTES, Method
from chassis.faults import Fault, InvalidArgument, rich_status
from chassis.identity import HEADER, Tokens
from chassis.tls import PLAIN, Tls
from chassis.tracing import traceparent_or_new

NO_DEADLINE = 3600.0
"""Seconds that a call without a deadline of its own may take."""

LIVE = "live"
"""What the health service calls the process itself: it serves for as long as it lives. All else follows readiness."""

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
    # Callers come anew now and then, so that they find replicas that were added; what is under way goes on.
    ("grpc.max_connection_age_ms", 60_000),
    # Callers ask every 10 s whether this process is still there; gRPC would take that for an attack.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class GrpcServer:
    """Listens and answers for the services given. A port of 0 takes any that is free."""

    def __init__(self, chain: Chain, tokens: Tokens, tls: Tls = PLAIN) -> None:
        self._chain = chain
        self._tokens = tokens
        self._credentials = tls.of_server()
        self._names: list[str] = []
        self._server: Server = grpc.aio.server(options=OPTIONS)
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
        await self.serving(ready=False)
        names: Sequence[str] = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        try:
            port = self._add_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address} for gRPC: {error}") from error
        await self._server.start()
        await self._health.set(LIVE, health_pb2.HealthCheckResponse.SERVING)
        return port

    def _add_port(self, address: str) -> int:
        if self._credentials is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, self._credentials)

    async def serving(self, *, ready: bool) -> None:
        """Says over the health service whether the services answer."""
        status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, status)

    async def stop(self, grace: float) -> None:
        """Takes no new calls and ends those running after `grace` seconds."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)

    def _handler(self, servicer: object, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
        handler = bind(servicer, method)

        async def unary(data: bytes, context: ServicerContext[Any, Any]) -> Message:
            try:
                call = self._incoming(method, context)
                return await self._chain.unary(handler, parse(method, data), call)
            except Fault as fault:
                await refuse(context, fault)
                raise AssertionError("unreachable") from fault

        async def stream(data: bytes, context: ServicerContext[Any, Any]) -> AsyncGenerator[Message]:
            try:
                call = self._incoming(method, context)
                async with aclosing(self._chain.stream(handler, parse(method, data), call)) as items:
                    async for item in items:
                        yield item
            except Fault as fault:
                await refuse(context, fault)

        shape = grpc.unary_stream_rpc_method_handler if method.streams else grpc.unary_unary_rpc_method_handler
        face: Any = stream if method.streams else unary
        # Bytes come in unread: gRPC would tell a stranger, before asking for a token, why they cannot be read.
        return shape(face, None, lambda message: message.SerializeToString())

    def _incoming(self, method: Method, context: ServicerContext[Any, Any]) -> CallContext:
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        workspace = self._tokens.workspace(metadata.get(HEADER))
        call = CallContext(method.path, workspace, traceparent_or_new(metadata.get("traceparent", "")))
        left = cast("float | None", context.time_remaining())
        return call.within(NO_DEADLINE if left is None else min(left, NO_DEADLINE))


def parse(method: Method, data: bytes) -> Message:
    """Reads a request.

    Raises:
        InvalidArgument: when the bytes are none.
    """
    try:
        return method.request.FromString(data)
    except DecodeError:
        raise InvalidArgument(f"the bytes are no {method.request.DESCRIPTOR.full_name}") from None


async def refuse(context: ServicerContext[Any, Any], fault: Fault) -> None:
    """Ends a call with the fault's status and its details in the trailer."""
    # Typed as Metadata, and yet grpc.aio takes plain pairs alone.
    trailer: Any = (("grpc-status-details-bin", rich_status(fault)),)
    await context.abort(fault.status, fault.message, trailer)
