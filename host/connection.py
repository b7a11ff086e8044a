"""How commands reach Spark: the system that is up, else a private one for as long as the command takes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.calls import CallContext, current_call
from chassis.channels import Channels
from chassis.faults import ServiceUnavailable
from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from chassis.settings import Settings, read_tuneables
from chassis.tls import read_tls
from chassis.tracing import new_traceparent
from host.engines import EngineBusy
from host.home import Addresses, Run, fleet_file, read_run
from host.system import Options, System


@dataclass(frozen=True)
class Connection:
    """A system within reach."""

    home: Path
    run: Run
    channels: Channels
    private: bool
    """Whether it was started for this command and ends with it."""

    @property
    def token(self) -> str:
        """The token that opens the workspace `local`."""
        return local_token(self.home)


@asynccontextmanager
async def connected(
    home: Path, environment: Mapping[str, str] = os.environ, flags: Mapping[str, str] | None = None
) -> AsyncGenerator[Connection]:
    """The system of a data folder, as the workspace `local`.

    Raises:
        EngineBusy: when another command keeps the folder to itself for 10 s.
        EngineError: when none runs and a private one cannot be started.
    """
    token = current_call.set(CallContext("spark", LOCAL_WORKSPACE, new_traceparent()))
    try:
        system = await private_system(home, environment, flags)
        reached = attached(home, environment) if system is None else owned(home, system)
        async with reached as connection:
            yield connection
    finally:
        current_call.reset(token)


async def private_system(home: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None) -> System | None:
    """A system for one command; None where one that stays is up, or comes up meanwhile.

    Raises:
        EngineBusy: when another command keeps the folder to itself for 10 s.
        EngineError: when it cannot be started.
        ServiceUnavailable: when the folder belongs to a Spark that others share.
    """
    if read_run(home) is not None:
        return None
    if fleet_file(home).exists():
        raise ServiceUnavailable(
            "this machine belongs to a Spark that others share: `spark connect --detach` connects it again, "
            "`spark connect --forget` and `spark up --detach` make it one of its own"
        )
    settings = settings_of(home, environment, private_flags(flags))
    system = System(home, settings, environment, Options(private=True))
    try:
        await system.start()
    except EngineBusy:
        if read_run(home) is None:
            raise
        return None
    return system


@asynccontextmanager
async def attached(home: Path, environment: Mapping[str, str]) -> AsyncGenerator[Connection]:
    """The system that is up."""
    tls = read_tls(settings_of(home, environment))
    channels = Channels(Tokens({local_token(home): LOCAL_WORKSPACE}), Addresses(home, environment), tls)
    run = read_run(home)
    if run is None:
        raise ServiceUnavailable("Spark went down just now; try again")
    if run.fleet:
        raise ServiceUnavailable(
            f"this machine is connected to {run.fleet}, which this command does not reach: `spark dashboard` opens it"
        )
    try:
        yield Connection(home, run, channels, private=False)
    finally:
        await channels.close()


@asynccontextmanager
async def owned(home: Path, system: System) -> AsyncGenerator[Connection]:
    """A system of this command's own, until it is done."""
    try:
        assert system.run is not None
        yield Connection(home, system.run, system.process.channels, private=True)
    finally:
        await system.stop()


def settings_of(home: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Settings:
    """The settings of a data folder.

    Raises:
        BadSetting: when tuneables.json cannot be read.
    """
    return Settings(environment, read_tuneables(home / "tuneables.json"), flags)


def private_flags(flags: Mapping[str, str] | None) -> dict[str, str]:
    """A private system takes any free ports: it must not stand in the way of another."""
    return {"listen.http_port": "0", "listen.grpc_port": "0", **(flags or {})}
