"""Builds the router."""

from __future__ import annotations

from chassis.service import Running, Service, Surroundings
from services.router.decision import Decider
from services.router.servicer import RouterServicer
from services.router.settings import SETTINGS, policy_from
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.router.v1 import router_pb2


def assemble(given: Surroundings) -> Running:
    """The router; it keeps nothing and hears nothing."""
    packets = PacketsServiceStub(given.channels.to("packets"))
    prefetch = PrefetchServiceStub(given.channels.to("prefetch"))
    return Running(servicer=RouterServicer(Decider(packets, prefetch, policy_from(given.settings))))


SERVICE = Service(
    name="router",
    contract=router_pb2.DESCRIPTOR.services_by_name["RouterService"],
    assemble=assemble,
    package="services.router",
    settings=SETTINGS,
)
