"""Where a caller gets its stub's other end: a servicer in this process, or one over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import cache
from typing import Any, cast

from grpc.aio import AioRpcError, Channel, Metadata, insecure_channel, secure_channel

from chassis.calls import CallContext, outgoing
from chassis.contract import MAX_MESSAGE_BYTES
from chassis.faults import Fault, ServiceUnavailable
from chassis.identity import HEADER, Tokens
from chassis.local import LocalChannel, rpc_error
from chassis.tls import PLAIN, Tls

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # A name may stand for several replicas: all of them are called in turn, and looked up anew when one is gone.
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    # Who has nothing to ask hangs up, so that a service that is started on demand can end.
    ("grpc.client_idle_timeout_ms", 60_000),
    # A peer that is gone without a word is found out by this, and not by TCP after a quarter of an hour.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    # gRPC's own pauses grow to two minutes; a service that was restarted must be found again at once.
    ("grpc.initial_reconnect_backoff_ms", 50),
    # No pause, whatever its name: so long a connection may take, and one to a service on demand takes a start.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 500),
)

GRACE_SECONDS = 5.0
"""What calls under way still have when their service has moved to another address: the patience of a call."""


class RemoteChannel:
    """A grpc.aio channel that carries the present call's identity, trace and deadline onward."""

    def __init__(self, address: str, tokens: Tokens, tls: Tls = PLAIN) -> None:
        self.address = address
        self._tokens = tokens
        self._tls = tls
        self._channel: Channel | None = None

    def unary_unary(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a unary method."""
        opened = cache(lambda: self._open().unary_unary(path, *args, **kwargs))

        async def invoke(request: object, *, timeout: float | None = None, **_: object) -> Any:
            return await opened()(request, **self._carried(outgoing(path, timeout, streams=False)))

        return invoke

    def unary_stream(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a server stream."""
        opened = cache(lambda: self._open().unary_stream(path, *args, **kwargs))

        async def invoke(request: object, *, timeout: float | None = None, **_: object) -> AsyncGenerator[Any]:
            items = opened()(request, **self._carried(outgoing(path, timeout, streams=True)))
            try:
                async for item in items:
                    yield item
            finally:
                # A stream that is merely dropped would live on, and its writer with it.
                items.cancel()

        return invoke

    def _carried(self, call: CallContext) -> dict[str, Any]:
        try:
            call.require_time()  # Given no time at all, gRPC may still carry the call.
            metadata = Metadata((HEADER, self._tokens.authorization(call.workspace_id)))
        except Fault as fault:
            raise rpc_error(fault) from fault
        if call.traceparent:
            metadata.add("traceparent", call.traceparent)
        return {"timeout": call.remaining(), "metadata": metadata}

    def _open(self) -> Channel:
        # A grpc.aio channel belongs to the loop it was made in, so it is made at the first call.
        if self._channel is None:
            target, protected = target_of(self.address, protected=self._tls.mutual)
            if protected:
                self._channel = secure_channel(target, self._tls.of_channel(), options=OPTIONS)
            else:
                self._channel = insecure_channel(target, options=OPTIONS)
        return self._channel

    async def close(self, grace: float | None = None) -> None:
        """Ends the connection; calls under way have `grace` seconds left."""
        if self._channel is not None:
            await self._channel.close(grace)


def target_of(address: str, *, protected: bool) -> tuple[str, bool]:
    """What gRPC is to connect to, and whether by TLS: `grpcs://` says so, `grpc://` says no, else it is as `protected`.

    An address of TLS without a port has 443; `host:port` and gRPC's own names (`dns:///host:port`) stay as they are.
    """
    for scheme, by_tls in (("grpcs://", True), ("grpc://", False)):
        if address.startswith(scheme):
            place = address.removeprefix(scheme).rstrip("/")
            bare = ":" not in place.rpartition("]")[2]
            return f"{place}:443" if by_tls and bare else place, by_tls
    return address, protected


class AbsentChannel:
    """Stands for a service that is neither here nor known elsewhere; every call says so."""

    def __init__(self, service: str) -> None:
        self._service = service

    def unary_unary(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        """A callable that fails."""

        async def invoke(request: object, **_: object) -> Any:
            raise self._refusal()

        return invoke

    def unary_stream(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        """A callable whose first item fails."""

        async def invoke(request: object, **_: object) -> AsyncGenerator[Any]:
            raise self._refusal()
            yield

        return invoke

    def _refusal(self) -> AioRpcError:
        text = f"no {self._service} service here; set SPARK_{self._service.upper()}_ADDR or start it"
        return rpc_error(ServiceUnavailable(text, service=self._service))


class Channels:
    """Gives each caller the channel to a service by the service's name."""

    def __init__(self, tokens: Tokens, addresses: Mapping[str, str], tls: Tls = PLAIN) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._tls = tls
        self._local: dict[str, LocalChannel] = {}
        self._remote: dict[str, RemoteChannel] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def carry(self, service: str, channel: LocalChannel) -> None:
        """Makes a service of this process reachable by name."""
        self._local[service] = channel

    def to(self, service: str) -> Channel:
        """The channel to a service, for a generated stub; resolved at the first call, so order of assembly is free."""
        return cast(Channel, LateChannel(self, service))

    def resolve(self, service: str) -> LocalChannel | RemoteChannel | None:
        """The servicer here, else the address known by now; None while neither is there."""
        if service in self._local:
            return self._local[service]
        address = self._addresses.get(service)
        if address is None:
            return None
        known = self._remote.get(service)
        if known is None or known.address != address:
            if known is not None:
                self._leave(known)
            known = self._remote[service] = RemoteChannel(address, self._tokens, self._tls)
        return known

    def _leave(self, channel: RemoteChannel) -> None:
        task = asyncio.get_running_loop().create_task(channel.close(GRACE_SECONDS))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Ends all connections."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self._remote.values()))


class LateChannel:
    """Resolves its service at the first call."""

    def __init__(self, channels: Channels, service: str) -> None:
        self._channels = channels
        self._service = service
        self._absent = AbsentChannel(service)

    def unary_unary(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a unary method."""
        return self._late("unary_unary", path, args, kwargs)

    def unary_stream(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a server stream."""
        return self._late("unary_stream", path, args, kwargs)

    def _late(self, shape: str, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
        # Only the channel in use: an address may change for as long as this process lives.
        kept: tuple[object, Callable[..., Any]] | None = None

        def invoke(request: object, **options: object) -> Any:
            nonlocal kept
            channel = self._channels.resolve(self._service) or self._absent
            if kept is None or kept[0] is not channel:
                kept = channel, getattr(channel, shape)(path, *args, **kwargs)
            return kept[1](request, **options)

        return invoke
