"""Builds the front door."""

from __future__ import annotations

from importlib.metadata import version

from chassis.service import Running, Service, Surroundings
from gateway.chat import ChatEndpoint
from gateway.dashboard.assembly import dashboard
from gateway.dashboard.backends import Backends
from gateway.endpoint import HookEndpoint
from gateway.feedback import FeedbackEndpoint
from gateway.handling import HandlerHere
from gateway.hooks import Hooks
from gateway.moments_endpoint import MomentsEndpoint
from gateway.projects import Projects
from gateway.publisher import Publisher
from gateway.roots import Roots
from gateway.servicer import HooksServicer
from gateway.settings import CLOCK, MAX_MS, SETTINGS
from gateway.taking import Taking
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceStub
from spark.router.v1.router_pb2_grpc import RouterServiceStub
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

SCHEMA = "gateway"
CONNECTIONS = 1


def assemble(given: Surroundings) -> Running:
    """The gateway with its HTTP routes and its gRPC face."""
    channels, settings = given.channels, given.settings
    database = given.database(SCHEMA, CONNECTIONS)
    projects = Projects(Roots(database))
    publisher = Publisher(given.bus)
    router = RouterServiceStub(channels.to("router"))
    handler = HandlerHere(publisher, router)
    hooks = Hooks(projects, handler, given.clock, settings[MAX_MS], given.bus.faults.note)
    packets, memory = PacketsServiceStub(channels.to("packets")), MemoryServiceStub(channels.to("memory"))
    inference, prefetch = InferenceServiceStub(channels.to("inference")), PrefetchServiceStub(channels.to("prefetch"))
    telemetry = TelemetryServiceStub(channels.to("telemetry"))
    servicer = HooksServicer(
        hooks,
        Taking(handler, projects, given.clock, settings[MAX_MS], given.bus.faults.note),
        projects,
        publisher,
        given.bus,
        memory,
        packets,
        prefetch,
        telemetry,
        inference,
    )
    endpoint = HookEndpoint(hooks, given.tokens, believes_header=settings[CLOCK] == "header")
    moments = MomentsEndpoint(HooksServiceStub(channels.to("gateway")), given.tokens, version("spark-advisory"))
    chat = ChatEndpoint(inference, memory, given.tokens)
    routes = [*moments.routes, *endpoint.routes, *FeedbackEndpoint(packets, given.tokens).routes, *chat.routes]
    backends = Backends(telemetry, memory, packets, prefetch, projects.folders, given.clock)
    pages = dashboard(backends, given.tokens)

    async def start() -> None:
        await projects.load()
        await publisher.start()

    return Running(
        servicer=servicer,
        start=start,
        stop=publisher.stop,
        checks={"postgres": database.ping},
        routes=routes,
        pages=pages.routes,
        hang_up=pages.hang_up,
    )


SERVICE = Service(
    name="gateway",
    contract=hooks_pb2.DESCRIPTOR.services_by_name["HooksService"],
    assemble=assemble,
    package="gateway",
    schema=SCHEMA,
    settings=SETTINGS,
)
