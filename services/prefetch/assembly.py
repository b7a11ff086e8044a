"""Builds prefetch."""

from __future__ import annotations

from chassis.consumer import Consumer
from chassis.service import Running, Service, Surroundings
from services.prefetch.events import HEARD, REQUESTED, TEACHING, Requests, presses
from services.prefetch.library import Library
from services.prefetch.load import Load
from services.prefetch.performance import Performance
from services.prefetch.refining import Refining
from services.prefetch.servicer import PrefetchServicer
from services.prefetch.settings import CONCURRENCY, NOISE, PAUSE_LAG_MS, QUEUE, QUIET, REFINE, SETTINGS, allowed_noise
from services.prefetch.worker import Watch, Worker
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from spark.packets.v1.packets_pb2_grpc import PacketsServiceStub
from spark.prefetch.v1 import prefetch_pb2

SCHEMA = "prefetch"
# One learns; the others prepare and answer at failures meanwhile.
CONNECTIONS = 3


def assemble(given: Surroundings) -> Running:
    """Prefetch with its learner, its queue and its worker."""
    settings = given.settings
    database = given.database(SCHEMA, CONNECTIONS)
    performance, load = Performance(), Load(settings[PAUSE_LAG_MS] / 1000)
    requests = Requests(given.bus, active=settings[QUEUE])
    allowed = allowed_noise(settings[NOISE], quiet=settings[QUIET])
    library = Library(database, requests, performance, given.clock, allowed, quiet=settings[QUIET])
    packets = PacketsServiceStub(given.channels.to("packets"))
    inference = InferenceServiceStub(given.channels.to("inference"))
    refining = Refining(inference, packets, load, active=settings[REFINE])
    worker = Worker(library, packets, performance, load, settings[CONCURRENCY], refining)
    learner = Consumer(
        given.bus,
        name="prefetch",
        stream=HEARD.stream,
        subjects=TEACHING,
        handler=library.hear,
        presses=presses,
    )
    queue = Consumer(
        given.bus,
        name="prefetch-worker",
        stream=REQUESTED.stream,
        subjects=[f"{REQUESTED.subject}.>"],
        handler=worker.hear,
        gather_s=0,
    )
    watch = Watch(load)

    async def start() -> None:
        await watch.start()
        await refining.start()

    async def stop() -> None:
        await refining.stop()
        await watch.stop()

    return Running(
        servicer=PrefetchServicer(library, learner, queue, worker, requests, performance, load, refining),
        consumers=(learner, queue),
        start=start,
        stop=stop,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="prefetch",
    contract=prefetch_pb2.DESCRIPTOR.services_by_name["PrefetchService"],
    assemble=assemble,
    package="services.prefetch",
    schema=SCHEMA,
    settings=SETTINGS,
)
