"""gRPC as a stranger with `grpcurl` meets it: found by reflection, closed without a token, clear when misused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from chassis.faults import reason_of
from host.catalog import every_service
from spark.fault.v1 import reason_pb2
from spark.gateway.v1 import hooks_pb2
from tests.contract.contract_files import METHODS
from tests.contract.valid_messages import valid
from tests.integration.system.running_spark import Spark

pytestmark = pytest.mark.usefixtures("unharmed")

OURS = [service.contract.full_name for service in every_service()]
UNDERSTOOD = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
SILENCE_SECONDS = 0.5
"""A stream that was accepted and has nothing to say."""

each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)

SERVED = health_pb2.HealthCheckResponse

OpenStream = Callable[..., Any]
Outcome = tuple[grpc.StatusCode, str]


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


async def outcome_of(system: Spark, method: MethodDescriptor, data: bytes, *, token: bool = True) -> Outcome:
    """Status and reason of a call with these bytes."""
    metadata = system.metadata if token else ()
    async with system.grpc() as channel:
        try:
            if method.server_streaming:
                open_stream = cast(OpenStream, channel.unary_stream(path_of(method)))
                await open_stream(data, metadata=metadata, timeout=SILENCE_SECONDS).read()
            else:
                await channel.unary_unary(path_of(method))(data, metadata=metadata, timeout=10)
        except grpc.aio.AioRpcError as error:
            if not (method.server_streaming and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED):
                return error.code(), reason_of(error)
    return grpc.StatusCode.OK, ""


def with_nul(message: Message) -> Iterator[Message]:
    """The message with a NUL in one of its texts, for each of them."""
    for field in cast("list[FieldDescriptor]", message.DESCRIPTOR.fields):
        changed: Any = type(message).FromString(message.SerializeToString())
        if field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                getattr(changed, field.name).append("a\0b")
            elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) == field.name:
                setattr(changed, field.name, "a\0b")
            else:
                continue
            yield changed
        elif field.message_type is not None and not field.is_repeated and message.HasField(field.name):
            for inner in with_nul(getattr(message, field.name)):
                getattr(changed, field.name).CopyFrom(inner)
                yield changed


def test_every_service_is_found_by_reflection_and_answers_a_call_made_from_what_it_tells(system: Spark) -> None:
    with grpc.insecure_channel(system.run.grpc.removeprefix("grpc://")) as channel:
        told = ProtoReflectionDescriptorDatabase(channel)
        assert set(told.get_services()) >= {*OURS, "grpc.health.v1.Health"}
        pool = DescriptorPool(told)
        for name in OURS:
            methods = [each for each in pool.FindServiceByName(name).methods if not each.server_streaming]
            for method in methods:
                request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
                call = channel.unary_unary(path_of(method), request.SerializeToString, response.FromString)
                ended: Any = call.future(request(), metadata=system.metadata, timeout=10)
                assert ended.code() in UNDERSTOOD, (method.full_name, ended.details())


async def test_the_health_service_says_that_every_service_serves(system: Spark) -> None:
    async with system.grpc() as channel:
        for name in ("", *OURS):
            request = health_pb2.HealthCheckRequest(service=name)
            check = cast(Any, channel.unary_unary("/grpc.health.v1.Health/Check"))
            answer = SERVED.FromString(await check(request.SerializeToString()))
            assert answer.status == SERVED.SERVING


@each_method
async def test_without_a_token_nothing_is_told(system: Spark, method: MethodDescriptor) -> None:
    for data in (b"", b"\xff\xff\xff"):
        refused = await outcome_of(system, method, data, token=False)
        assert refused == (grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED")


@each_method
async def test_bytes_that_are_no_message_are_refused_with_a_reason(system: Spark, method: MethodDescriptor) -> None:
    for data in (b"\xff\xff\xff", b"\x0a\x05ab", b"{}"):
        status, reason = await outcome_of(system, method, data)
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REASON_INVALID_ARGUMENT"), data


@each_method
async def test_nul_in_any_text_is_understood_or_refused(system: Spark, method: MethodDescriptor) -> None:
    for request in with_nul(valid(GetMessageClass(method.input_type))):
        status, reason = await outcome_of(system, method, request.SerializeToString())
        assert status in UNDERSTOOD, (request, reason)


@pytest.mark.parametrize("payload", [b"{", b"[]", b"null", b"\xff\xfe", b"\0\0", b"[" * 100_000, b'{"a": "\\ud800"}'])
async def test_a_hook_that_is_no_json_object_is_refused(system: Spark, payload: bytes) -> None:
    request = hooks_pb2.HandleHookRequest(client="claude-code", payload=payload)
    handle = hooks_pb2.DESCRIPTOR.services_by_name["HooksService"].methods_by_name["HandleHook"]
    status, reason = await outcome_of(system, handle, request.SerializeToString())
    assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REASON_INVALID_ARGUMENT")


async def test_a_hook_of_an_unknown_client_is_refused(system: Spark) -> None:
    request = hooks_pb2.HandleHookRequest(client="no-such-client", payload=b"{}")
    handle = hooks_pb2.DESCRIPTOR.services_by_name["HooksService"].methods_by_name["HandleHook"]
    status, reason = await outcome_of(system, handle, request.SerializeToString())
    assert (status, reason) == (
        grpc.StatusCode.NOT_FOUND,
        reason_pb2.Reason.Name(reason_pb2.REASON_UNKNOWN_CLIENT),
    )
