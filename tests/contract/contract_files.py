"""Everything that our contract declares, found in `protos/` so that nothing new is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import cast

from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos import generate


def module_name(proto: str) -> str:
    """The generated module of a file, `spark/moment/v1/moment.proto` and the like."""
    return proto.removesuffix(".proto").replace("/", ".") + "_pb2"


FILES: tuple[FileDescriptor, ...] = tuple(
    import_module(module_name(proto)).DESCRIPTOR for proto in generate.own_protos()
)
SERVICES: tuple[ServiceDescriptor, ...] = tuple(service for file in FILES for service in file.services_by_name.values())
METHODS: tuple[MethodDescriptor, ...] = tuple(method for service in SERVICES for method in service.methods)


def _with_nested(descriptor: Descriptor) -> Iterator[Descriptor]:
    yield descriptor
    for nested in descriptor.nested_types:
        yield from _with_nested(nested)


MESSAGES: tuple[type[Message], ...] = tuple(
    GetMessageClass(descriptor)
    for file in FILES
    for top in file.message_types_by_name.values()
    for descriptor in _with_nested(top)
)


def full_name(message: type[Message]) -> str:
    """Package and name of a message type."""
    return message.DESCRIPTOR.full_name


def descriptor_of(message: type[Message]) -> Descriptor:
    """What a message type declares."""
    return cast(Descriptor, message.DESCRIPTOR)


def fields_of(descriptor: Descriptor) -> Sequence[FieldDescriptor]:
    """The fields of a message type."""
    return descriptor.fields
