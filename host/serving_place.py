"""Where a process that carries single services listens: as it is told, else as the platform that runs it says."""

from __future__ import annotations

from collections.abc import Mapping

from host.port_variables import port_in
from host.process import Place

DEFAULT_HOST = "127.0.0.1"


def serving_place(
    environment: Mapping[str, str],
    *,
    host: str | None,
    http_port: int | None,
    grpc_port: int | None,
    web: bool,
) -> Place:
    """A flag counts before SPARK_HOST, SPARK_HTTP_PORT and SPARK_GRPC_PORT, these before PORT, else any port will do.

    PORT is what platforms say that start a container when it is called. It is the port of the face: HTTP where the
    gateway is carried (`web`), gRPC everywhere else.

    Raises:
        BadSetting: when a variable holds no port.
    """
    face = port_in(environment, "PORT")
    return Place(
        host or environment.get("SPARK_HOST") or DEFAULT_HOST,
        first_of(http_port, port_in(environment, "SPARK_HTTP_PORT"), face if web else None),
        first_of(grpc_port, port_in(environment, "SPARK_GRPC_PORT"), None if web else face),
    )


def first_of(*ports: int | None) -> int:
    """The first port that is given; 0, any that is free, without one."""
    return next((port for port in ports if port is not None), 0)
