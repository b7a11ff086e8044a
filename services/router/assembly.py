"""Builds the router."""

from __future__ import annotations

from chassis.service import Running, Service, Surroundings
from services.router.decision import Decider
from services.router.live import Live
from services.router.recollection import Recollection
from services.router.servicer import RouterServicer
from services.router.settings import INCLUDE_MIND, LIVE_NEEDS_S, MIND_SESSION, SETTINGS, policy_from
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.router.v1 import router_pb2


def assemble(given: Surroundings) -> Running:
    """The router; it keeps nothing and hears nothing."""
    settings, channels = given.settings, given.channels
    policy = policy_from(settings)
    live = Live(InferenceServiceStub(channels.to("inference")), settings[LIVE_NEEDS_S], policy.max_chars)
    memory = MemoryServiceStub(channels.to("memory"))
    recollection = Recollection(memory, settings[MIND_SESSION]) if settings[INCLUDE_MIND] else None
    packets, prefetch = PacketsServiceStub(channels.to("packets")), PrefetchServiceStub(channels.to("prefetch"))
    return Running(servicer=RouterServicer(Decider(packets, prefetch, live, recollection, policy)))


SERVICE = Service(
    name="router",
    contract=router_pb2.DESCRIPTOR.services_by_name["RouterService"],
    assemble=assemble,
    package="services.router",
    settings=SETTINGS,
)
