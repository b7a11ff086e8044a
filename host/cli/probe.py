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

    ADDRESS is host:port, by default the port of SPARK_GRPC_PORT, else PORT, on this machine.
    """
    port = os.environ.get("SPARK_GRPC_PORT") or os.environ.get("PORT")
    place = address or (f"127.0.0.1:{port}" if port and port != "0" else "")
    if not place:
        raise click.UsageError("say which ADDRESS to ask (host:port), or set SPARK_GRPC_PORT")
    trouble = asked(place, service, timeout)
    if trouble:
        raise click.ClickException(f"{place} {service}: {trouble}".replace(" :", ":"))
    click.echo("serving")


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
