"""What a service is to the process that carries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor
from starlette.routing import BaseRoute

from chassis.bus import Bus
from chassis.channels import Channels
from chassis.clock import Clock
from chassis.consumer import Consumer
from chassis.contract import Method, methods
from chassis.database import Database
from chassis.identity import Tokens
from chassis.settings import AnySetting, Settings

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Surroundings:
    """What a process gives the services that it carries."""

    clock: Clock
    settings: Settings
    channels: Channels
    tokens: Tokens
    database: Callable[[str, int], Database]
    """Connections for a schema, so many at most."""
    bus: Bus
    home: Path | None = None
    """The data folder; None where a process has none."""


async def nothing() -> None:
    """For services that have nothing to close."""


def nothing_goes_on() -> None:
    """For services whose replies all end by themselves."""


@dataclass(frozen=True)
class Running:
    """A service built and ready to be put on the wire."""

    servicer: object
    consumers: Sequence[Consumer] = ()
    start: Callable[[], Awaitable[None]] = nothing
    stop: Callable[[], Awaitable[None]] = nothing
    checks: Mapping[str, Callable[[], Awaitable[None]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[None]]]
    )
    """What must answer before the service is ready; each raises a Fault that says what is wrong."""
    routes: Sequence[BaseRoute] = ()
    """What it answers over HTTP."""
    pages: Sequence[BaseRoute] = ()
    """What it shows to browsers over HTTP: only to these may a page send a form, and only one of our own."""
    hang_up: Callable[[], None] = nothing_goes_on
    """Ends replies that would go on for ever, before anything else ends."""


@dataclass(frozen=True)
class Service:
    """A service as its package exports it."""

    name: str
    contract: ServiceDescriptor
    assemble: Callable[[Surroundings], Running]
    package: str
    schema: str = ""
    """Its Postgres schema; empty when it keeps nothing."""
    settings: Sequence[AnySetting] = ()

    @property
    def methods(self) -> Mapping[str, Method]:
        """Its rpcs by path."""
        return methods(self.contract)
