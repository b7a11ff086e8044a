"""The gRPC side as a stranger with `grpcurl` meets it: found by reflection, closed without a token, clear when misused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import symbol_database
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub

from chassis.faults import reason_of
from host.catalog import SERVICES
from tests.integration.system.running_spark import Spark

pytestmark = pytest.mark.usefixtures("unharmed")

OURS = [service.contract.full_name for service in SERVICES]
METHODS = [method for service in SERVICES for method in service.contract.methods]
REFUSED = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}


def by_path(method: MethodDescriptor) -> str:
    assert method.containing_service is not None
    return f"/{method.containing_service.full_name}/{method.name}"


async def outcome_of(system: Spark, path: str, data: bytes, *, streams: bool = False, token: bool = True) -> tuple[grpc.StatusCode, str]:
    """Status and reason of a call with these bytes; of a stream, those of its first message."""
    metadata = system.metadata if token else ()
    async with system.grpc() as channel:
        try:
            if streams:
                call = channel.unary_stream(path)(data, metadata=metadata, timeout=10)
                # Without anything to say a stream stays silent: what was accepted says so by its headers.
                await call.initial_metadata() if token else await call.read()
                call.cancel()
            else:
                await channel.unary_unary(path)(data, metadata=metadata, timeout=10)
        except grpc.aio.AioRpcError as error:
            return error.code(), reason_of(error)
    return grpc.StatusCode.OK, ""
