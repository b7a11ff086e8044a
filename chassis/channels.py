"""Where a caller gets its stub's other end: a servicer in this process, or one over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from grpc.aio import Channel, Metadata, insecure_channel

from chassis.calls import present_call
from chassis.faults import ServiceUnavailable
from chassis.identity import HEADER, Tokens
from chassis.local import LocalChannel, rpc_error

DEFAULT_SECONDS = 5.0
"""Patience of a call that has no deadline of its own."""


class RemoteChannel:
    """A grpc.aio channel that carries the present call's identity, trace and deadline onward."""

    def __init__(self, address: str, tokens: Tokens) -> None:
        self._address = address
        self._tokens = tokens
        self._channel: Channel | None = None

    def unary_unary(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a unary method."""
        return self._bound("unary_unary", path, args, kwargs)

    def unary_stream(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a server stream."""
        return self._bound("unary_stream", path, args, kwargs)

    def _bound(self, shape: str, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
        made: list[Any] = []

        def invoke(request: object, *, timeout: float | None = None, **_: object) -> Any:
            if not made:
                made.append(getattr(self._open(), shape)(path, *args, **kwargs))
            call = present_call()
            limits = [limit for limit in (timeout, call.remaining()) if limit is not None]
            metadata = Metadata((HEADER, self._tokens.authorization(call.workspace_id)))
            if call.traceparent:
                metadata.add("traceparent", call.traceparent)
            return made[0](request, timeout=min(limits, default=DEFAULT_SECONDS), metadata=metadata)

        return invoke

    def _open(self) -> Channel:
        # A grpc.aio channel belongs to the loop it was made in, so it is made at the first call.
        if self._channel is None:
            self._channel = insecure_channel(self._address)
        return self._channel

    async def close(self) -> None:
        """Ends the connection."""
        if self._channel is not None:
            await self._channel.close()


class AbsentChannel:
    """Stands for a service that is neither here nor known elsewhere; every call says so."""

    def __init__(self, service: str) -> None:
        self._service = service

    def unary_unary(self, path: str, *_: Any, **__: Any) -> Callable[..., Any]:
        """A callable that fails."""

        async def invoke(request: object, **_: object) -> Any:
            text = f"no {self._service} service here; set SPARK_{self._service.upper()}_ADDR or start it"
            raise rpc_error(ServiceUnavailable(text, service=self._service))

        return invoke

    unary_stream = unary_unary


class Channels:
    """Gives each caller the channel to a service by the service's name."""

    def __init__(self, tokens: Tokens, addresses: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._local: dict[str, LocalChannel] = {}
        self._remote: dict[str, RemoteChannel] = {}

    def carry(self, service: str, channel: LocalChannel) -> None:
        """Makes a service of this process reachable by name."""
        self._local[service] = channel

    def to(self, service: str) -> Channel:
        """The channel to a service, for a generated stub; resolved at the first call, so order of assembly is free."""
        return cast(Channel, LateChannel(self, service))

    def resolve(self, service: str) -> Any:
        """The servicer here, else the address known, else a channel that says what is missing."""
        if service in self._local:
            return self._local[service]
        if service in self._addresses:
            if service not in self._remote:
                self._remote[service] = RemoteChannel(self._addresses[service], self._tokens)
            return self._remote[service]
        return AbsentChannel(service)

    async def close(self) -> None:
        """Ends all connections."""
        await asyncio.gather(*(channel.close() for channel in self._remote.values()))


class LateChannel:
    """Resolves its service at the first call."""

    def __init__(self, channels: Channels, service: str) -> None:
        self._channels = channels
        self._service = service

    def unary_unary(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a unary method."""
        return self._late("unary_unary", path, args, kwargs)

    def unary_stream(self, path: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The callable that a stub keeps for a server stream."""
        return self._late("unary_stream", path, args, kwargs)

    def _late(self, shape: str, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
        target: list[Callable[..., Any]] = []

        def invoke(request: object, **options: object) -> Any:
            if not target:
                target.append(getattr(self._channels.resolve(self._service), shape)(path, *args, **kwargs))
            return target[0](request, **options)

        return invoke
