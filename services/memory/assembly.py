"""Builds memory."""

from __future__ import annotations

from chassis.consumer import Consumer
from chassis.service import Running, Service, Surroundings
from services.memory.events import HEARD, TEACHING, Relay
from services.memory.library import Library
from services.memory.servicer import MemoryServicer
from spark.memory.v1 import memory_pb2

SCHEMA = "memory"
# One learns and relays in turn, so one connection does; a second answers people meanwhile.
CONNECTIONS = 2


def assemble(given: Surroundings) -> Running:
    """Memory with its consumer and its relay."""
    database = given.database(SCHEMA, CONNECTIONS)
    relay = Relay(database, given.bus)
    library = Library(database, relay, given.clock)
    consumer = Consumer(given.bus, name="memory", stream=HEARD.stream, subjects=TEACHING, handler=library.hear)
    return Running(
        servicer=MemoryServicer(library, consumer, relay),
        consumers=(consumer,),
        start=relay.start,
        stop=relay.stop,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="memory",
    contract=memory_pb2.DESCRIPTOR.services_by_name["MemoryService"],
    assemble=assemble,
    package="services.memory",
    schema=SCHEMA,
)
