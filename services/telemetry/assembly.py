"""Builds the service."""

from __future__ import annotations

from chassis.service import Running, Service, Surroundings
from services.telemetry.events import Recorder
from services.telemetry.library import Library
from services.telemetry.postgres import Decisions
from services.telemetry.records import Records
from services.telemetry.retention import Retention
from services.telemetry.servicer import TelemetryServicer
from services.telemetry.watching import Watches
from services.telemetry.windows import Windows
from spark.telemetry.v1 import telemetry_pb2

SCHEMA = "telemetry"
CONNECTIONS = 3
"""One for what is recorded, two for those who ask: a page of the dashboard asks for several things at once."""
EXPORTS = 1
"""At once, on connections of their own: how long one takes is for its reader to say."""


def assemble(surroundings: Surroundings) -> Running:
    """The service, ready to start."""
    database, clock = surroundings.database(SCHEMA, CONNECTIONS), surroundings.clock
    decisions, records, watches = Decisions(database), Records(database), Watches()
    exports = surroundings.database(SCHEMA, EXPORTS)
    windows = Windows(database, clock)
    retention = Retention(database, clock, [decisions.forget_days, records.forget_days])
    consumers = Recorder(decisions, records, watches).consumers(surroundings.bus)
    return Running(
        servicer=TelemetryServicer(
            database,
            exports,
            decisions,
            records,
            windows,
            Library(decisions, records, windows, clock),
            watches,
            consumers,
        ),
        consumers=consumers,
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
