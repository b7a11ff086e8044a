"""What several commands ask of a system: the project of a folder, and answers in the contract's own JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from host.connection import Connection
from spark.gateway.v1.hooks_pb2 import ResolveProjectRequest, ResolveProjectResponse
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub


async def project_of(connection: Connection, folder: Path) -> ResolveProjectResponse:
    """The project of a folder, given by its absolute path; the folder need not exist any more."""
    hooks = HooksServiceStub(connection.channels.to("gateway"))
    return await hooks.ResolveProject(ResolveProjectRequest(folder=str(folder)))


def as_json(message: Message) -> dict[str, Any]:
    """A message in protobuf's JSON, with the contract's field names and without leaving any out."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
