"""The services that Spark consists of; the only place that knows them all."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.service import Service
from chassis.settings import AnySetting
from gateway.assembly import SERVICE as GATEWAY
from services.inference.assembly import SERVICE as INFERENCE
from services.memory.assembly import SERVICE as MEMORY
from services.packets.assembly import SERVICE as PACKETS
from services.prefetch.assembly import SERVICE as PREFETCH
from services.router.assembly import SERVICE as ROUTER
from services.telemetry.assembly import SERVICE as TELEMETRY

SERVICES: tuple[Service, ...] = (TELEMETRY, MEMORY, PACKETS, INFERENCE, PREFETCH, ROUTER, GATEWAY)
"""In the order of their start: what records, what remembers, the engines, then who asks these; they end backward."""


class UnknownService(ValueError):
    """There is no service of that name."""


def services_named(names: Iterable[str]) -> tuple[Service, ...]:
    """The services of these names, in the catalog's order.

    Raises:
        UnknownService: for a name that is none.
    """
    wanted = set(names)
    unknown = wanted - {service.name for service in SERVICES}
    if unknown:
        known = ", ".join(service.name for service in reversed(SERVICES))
        raise UnknownService(f"no service {', '.join(sorted(unknown))}; there are: {known}")
    return tuple(service for service in SERVICES if service.name in wanted)


def all_settings() -> tuple[AnySetting, ...]:
    """Every setting of every service, those of the front first."""
    return tuple(setting for service in reversed(SERVICES) for setting in service.settings)
