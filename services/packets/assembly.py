"""Builds packets."""

from __future__ import annotations

from chassis.consumer import Consumer
from chassis.service import Running, Service, Surroundings
from services.packets.counting import ShownCounts
from services.packets.library import HEARD, Library
from services.packets.servicer import PacketsServicer
from spark.packets.v1 import packets_pb2

SCHEMA = "packets"
CONNECTIONS = 2


def assemble(given: Surroundings) -> Running:
    """Packets with the consumer that materialises lessons."""
    database = given.database(SCHEMA, CONNECTIONS)
    counts = ShownCounts(database)
    library = Library(database, counts, given.clock)
    consumer = Consumer(
        given.bus,
        name="packets",
        stream=HEARD.stream,
        subjects=[f"{HEARD.subject}.>"],
        handler=library.hear,
        stored=library.heard,
    )
    return Running(
        servicer=PacketsServicer(library, consumer),
        consumers=(consumer,),
        start=counts.start,
        stop=counts.stop,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="packets",
    contract=packets_pb2.DESCRIPTOR.services_by_name["PacketsService"],
    assemble=assemble,
    package="services.packets",
    schema=SCHEMA,
)
