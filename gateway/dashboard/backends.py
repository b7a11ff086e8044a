"""The services that pages ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.clock import Clock

if TYPE_CHECKING:
    from spark.memory.v1.memory_pb2_grpc import MemoryServiceAsyncStub
    from spark.packets.v1.packets_pb2_grpc import PacketsServiceAsyncStub
    from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceAsyncStub
    from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceAsyncStub


@dataclass(frozen=True)
class Backends:
    """Each with its stub. `roots` gives the folders of a workspace's projects by their ids."""

    telemetry: TelemetryServiceAsyncStub
    memory: MemoryServiceAsyncStub
    packets: PacketsServiceAsyncStub
    prefetch: PrefetchServiceAsyncStub
    roots: Callable[[str], Mapping[str, str]]
    clock: Clock
