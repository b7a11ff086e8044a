"""The second codec, compiled once a session, and a service carried in both ways."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.message import Message

from chassis.channels import Channels
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub
from tests.contract.carried import NAME, Telemetry, in_process, over_the_wire
from tests.contract.second_codec import compile_contract

if TYPE_CHECKING:
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub

PACKAGE = "contract_by_betterproto2"

SecondCodec = Callable[[type[Message]], Any]
"""Gives the betterproto2 class of a message type."""


@pytest.fixture(scope="session")
def second_codec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondCodec]:
    folder = tmp_path_factory.mktemp("betterproto2")
    compile_contract(folder / PACKAGE)
    sys.path.insert(0, str(folder))

    def counterpart(message: type[Message]) -> Any:
        descriptor = message.DESCRIPTOR
        return getattr(import_module(f"{PACKAGE}.{descriptor.file.package}"), descriptor.name)

    yield counterpart
    sys.path.remove(str(folder))


@pytest.fixture
def telemetry() -> Telemetry:
    """The servicer behind `stub`."""
    return Telemetry()


@pytest.fixture(params=[in_process, over_the_wire], ids=lambda way: way.__name__)
async def channels(request: pytest.FixtureRequest, telemetry: Telemetry) -> AsyncGenerator[Channels]:
    async with request.param(telemetry) as found:
        yield found


@pytest.fixture
def stub(channels: Channels) -> TelemetryServiceAsyncStub:
    return TelemetryServiceStub(channels.to(NAME))
