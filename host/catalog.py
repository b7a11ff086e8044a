"""The services that Spark consists of; the only place that knows them all."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import cast

from chassis.service import Service
from chassis.settings import AnySetting

PLACES = {
    "telemetry": "services.telemetry.assembly",
    "memory": "services.memory.assembly",
    "packets": "services.packets.assembly",
    "inference": "services.inference.assembly",
    "prefetch": "services.prefetch.assembly",
    "router": "services.router.assembly",
    "gateway": "gateway.assembly",
}
"""Where each service is put together, in the order of their start: what records, what remembers, the engines, then who
asks these; they end backward. A process that carries some of them loads no other: that is half of a cold start."""

NAMES = tuple(PLACES)
"""In the same order."""


class UnknownService(ValueError):
    """There is no service of that name."""


def services_named(names: Iterable[str]) -> tuple[Service, ...]:
    """The services of these names, in the catalog's order.

    Raises:
        UnknownService: for a name that is none.
    """
    wanted = set(names)
    unknown = wanted - set(NAMES)
    if unknown:
        known = ", ".join(reversed(NAMES))
        raise UnknownService(f"no service {', '.join(sorted(unknown))}; there are: {known}")
    return tuple(cast(Service, import_module(PLACES[name]).SERVICE) for name in NAMES if name in wanted)


def every_service() -> tuple[Service, ...]:
    """All of them, in the catalog's order."""
    return services_named(NAMES)


def all_settings() -> tuple[AnySetting, ...]:
    """Every setting of every service, those of the front first."""
    return tuple(setting for service in reversed(every_service()) for setting in service.settings)
