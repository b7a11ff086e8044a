"""Builds the service."""

from __future__ import annotations

from chassis.service import Running, Service, Surroundings
from services.telemetry.events import Recorder
from services.telemetry.postgres import Decisions
from services.telemetry.retention import Retention
from services.telemetry.servicer import TelemetryServicer
from services.telemetry.watching import Watches
from spark.telemetry.v1 import telemetry_pb2

SCHEMA = "telemetry"
CONNECTIONS = 2
"""One for what is recorded, one for those who ask."""


def assemble(surroundings: Surroundings) -> Running:
    """The service, ready to start."""
    database = surroundings.database(SCHEMA, CONNECTIONS)
    decisions, watches = Decisions(database), Watches()
    retention = Retention(decisions, surroundings.clock)
    return Running(
        servicer=TelemetryServicer(decisions, watches),
        consumers=[Recorder(decisions, watches).consumer(surroundings.bus)],
        start=retention.start,
        stop=retention.stop,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="telemetry",
    contract=telemetry_pb2.DESCRIPTOR.services_by_name["TelemetryService"],
    schema=SCHEMA,
    package="services.telemetry",
    assemble=assemble,
)
