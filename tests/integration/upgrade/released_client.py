"""A client that was built from the contract of the last release: no generated code of today, no field added since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
from google.protobuf.message import Message

from tests.contract.released_contract import METHODS, message, path_of


@dataclass
class ReleasedClient:
    """Calls rpcs by their path; `called` are those that were answered."""

    channel: grpc.aio.Channel
    metadata: tuple[tuple[str, str], ...]
    called: set[str] = field(default_factory=set[str])

    async def call(self, path: str, request: Any, *, timeout: float = 10.0) -> Any:
        """The answer to a unary call, as the release reads it.

        Raises:
            AioRpcError: when it was refused.
        """
        answer = message(method_at(path).output_type.full_name)
        rpc = self.channel.unary_unary(
            path,
            request_serializer=bytes_of,
            response_deserializer=answer.FromString,
        )
        read = await rpc(request, metadata=self.metadata, timeout=timeout)
        self.called.add(path)
        return read

    async def watch(self, path: str, request: Any, *, timeout: float = 10.0) -> AsyncIterator[Any]:
        """The answers of a stream, one by one, as the release reads them."""
        answer = message(method_at(path).output_type.full_name)
        rpc = self.channel.unary_stream(
            path,
            request_serializer=bytes_of,
            response_deserializer=answer.FromString,
        )
        async for read in rpc(request, metadata=self.metadata, timeout=timeout):
            self.called.add(path)
            yield read


def bytes_of(written: Message) -> bytes:
    """A message as it goes on the wire."""
    return written.SerializeToString()


def method_at(path: str) -> Any:
    """The rpc of the release that has a path."""
    return next(method for method in METHODS if path_of(method) == path)
