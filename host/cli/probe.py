"""`spark probe`: whether a process answers, for what watches containers; it loads next to nothing."""

from __future__ import annotations

import os

import click


@click.command("probe")
@click.argument("address", required=False)
@click.option("--service", default="", help="`live`, or a service's full name; the whole process unless said.")
@click.option("--timeout", default=1.0, show_default=True, type=click.FloatRange(min=0.01), help="Seconds.")
def command(address: str | None, service: str, timeout: float) -> None:
    """Ask a process by the health service of gRPC whether it serves; exit status 0 when it does.

    ADDRESS is host:port, by default the port of SPARK_GRPC_PORT, else PORT, on this machine. (Of a gateway PORT is
    HTTP's: ask it at /health there.)
    """
    trouble = asked(address or own_address(), service, timeout)
    if trouble:
        raise click.ClickException(f"{address or own_address()}{f' {service}' if service else ''}: {trouble}")
    click.echo("serving")


def own_address() -> str:
    """Where the process in this container answers over gRPC."""
    from chassis.settings import BadSetting
    from host.port_variables import port_in

    try:
        port = port_in(os.environ, "SPARK_GRPC_PORT") or port_in(os.environ, "PORT")
    except BadSetting as error:
        raise click.ClickException(str(error)) from error
    if not port:
        raise click.UsageError("say which ADDRESS to ask (host:port), or set SPARK_GRPC_PORT")
    return f"127.0.0.1:{port}"


def asked(place: str, service: str, timeout: float) -> str:
    """What is wrong; empty when it serves."""
    import grpc
    from grpc_health.v1 import health_pb2

    from chassis.channels import target_of
    from chassis.settings import BadSetting, Settings
    from chassis.tls import read_tls

    try:
        tls = read_tls(Settings(os.environ))
    except BadSetting as error:
        raise click.ClickException(str(error)) from error
    target, protected = target_of(place, protected=tls.mutual)
    opened = grpc.secure_channel(target, tls.of_channel()) if protected else grpc.insecure_channel(target)
    with opened as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            status = check(health_pb2.HealthCheckRequest(service=service), timeout=timeout).status
        except grpc.RpcError as error:
            return error.code().name.lower().replace("_", " ")
    return "" if status == health_pb2.HealthCheckResponse.SERVING else "not serving"
