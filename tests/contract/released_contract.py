"""The contract as it was last released, read from its image alone: what clients that were built then know, no more."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos import generate

IMAGE = generate.PROTOS / "released.binpb"


def load() -> DescriptorPool:
    """A pool of the released files, of which today's know nothing."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(IMAGE.read_bytes()).file:
        pool.Add(file)  # pyright: ignore[reportUnknownMemberType]
    return pool


POOL = load()


FILES = [
    POOL.FindFileByName(file.name)
    for file in FileDescriptorSet.FromString(IMAGE.read_bytes()).file
    if file.name.startswith("spark/")
]
METHODS: list[MethodDescriptor] = [
    method for file in FILES for service in file.services_by_name.values() for method in service.methods
]


def released_fields() -> dict[str, list[FieldDescriptor]]:
    """The fields of each message, by its full name."""
    return {
        descriptor.full_name: list(descriptor.fields)
        for file in FILES
        for descriptor in file.message_types_by_name.values()
    }


def path_of(method: MethodDescriptor) -> str:
    """The path of an rpc on the wire."""
    return f"/{method.containing_service.full_name}/{method.name}"


def message(name: str) -> Any:
    """A message class of the release, by its full name."""
    return GetMessageClass(POOL.FindMessageTypeByName(name))


def as_released(written: Message) -> Any:
    """A message of today as the release would have written it: without what it did not know."""
    old = message(written.DESCRIPTOR.full_name).FromString(written.SerializeToString())
    old.DiscardUnknownFields()
    return old
