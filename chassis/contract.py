"""Reads a service's methods out of its contract, so that no face of it is written twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""What a message may weigh on the wire: the largest hook payload (8 MiB) twice."""


@dataclass(frozen=True, slots=True)
class Method:
    """One rpc of a contract."""

    path: str
    name: str
    request: type[Message]
    response: type[Message]
    streams: bool


def methods(service: ServiceDescriptor) -> Mapping[str, Method]:
    """The rpcs of a service by path, `/package.Service/Method`.

    Raises:
        TypeError: for an rpc whose client streams; the chassis carries unary and server streams.
    """
    found: dict[str, Method] = {}
    for method in service.methods:
        if method.client_streaming:
            raise TypeError(f"{method.full_name}: client streams are not carried")
        path = f"/{service.full_name}/{method.name}"
        request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        found[path] = Method(path, method.name, request, response, bool(method.server_streaming))
    return found
